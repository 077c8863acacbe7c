/** The set of poll(2): a call on a thread asks about what was awaited when it began. */

import { assert, assertEquals } from "@std/assert";
import { closeFd } from "../../../ffi/syscalls/files.ts";
import { pipe } from "../../../ffi/syscalls/readiness.ts";
import { PollSet } from "../../../lib/reactor/backends/poll_set.ts";
import { Waker } from "../../../lib/reactor/backends/waker.ts";
import { READABLE, WRITABLE } from "../../../lib/reactor/types.ts";
import { test } from "../../util/cases.ts";

test("a PollSet is outdated by what the call under way was not given, and by nothing else", async () => {
  const ends = pipe();
  assert(typeof ends !== "number");
  const watched = {
    ...{ fd: ends[0], slot: 0, readToken: 0, writeToken: 0 },
    ...{ registered: 0, awaited: 0, unclaimed: 0, isEvent: false },
  };
  const waker = new Waker(true);
  const set = new PollSet({
    watched: [watched],
    waits: 1,
    token: () => 0,
    deliver: () => {},
    reject: () => {},
    wake: () => {},
    fail: () => {},
  }, waker.fd);
  const begin = (interest: typeof READABLE | typeof WRITABLE): boolean => {
    assertEquals(set.register(watched, interest), 0);
    watched.awaited |= interest;
    return set.outdated;
  };
  const endOf = async (call: Promise<number>): Promise<void> => {
    waker.set();
    assertEquals(await call, 1);
    waker.clear();
  };

  assertEquals(begin(READABLE), true);
  const first = set.wait(-1);
  assertEquals(set.outdated, false);
  watched.awaited = 0; // as after an abort, and a poll
  assertEquals(set.poll(8), 0);
  assertEquals(begin(READABLE), false, "the call asks about it");
  assertEquals(begin(WRITABLE), true, "the call does not ask about that");
  await endOf(first);

  watched.awaited = 0;
  const second = set.wait(-1);
  assertEquals(begin(READABLE), true, "the call began without it");
  await endOf(second);
  for (const fd of ends) closeFd(fd);
  waker.dispose();
});

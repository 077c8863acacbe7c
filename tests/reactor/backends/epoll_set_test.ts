/** The epoll set that two backends share. */

import { assert, assertEquals } from "@std/assert";
import { EpollSet } from "../../../lib/reactor/backends/epoll_set.ts";
import { Waker } from "../../../lib/reactor/backends/waker.ts";
import { Registration } from "../../../lib/reactor/registration.ts";
import { linuxTest } from "../../util/cases.ts";

linuxTest("EpollSet reports no event of its own waker, whatever token that has", () => {
  const told: number[] = [];
  const host = { prepare: () => undefined, count: () => {}, deregister: () => {} };
  const first = new Registration(0, host);
  first.slot = first.readToken = 0;
  const set = new EpollSet({
    watched: [first],
    waits: 0,
    token: () => 1,
    deliver: (_, events) => void told.push(events),
    reject: () => {},
    wake: () => {},
    fail: () => {},
  }, 8);
  const waker = new Waker();
  try {
    assert(set.addWaker(waker.fd) >= 0);
    waker.set();
    assertEquals({ found: set.poll(8), told }, { found: 1, told: [] });
  } finally {
    waker.dispose();
    set.dispose();
  }
});

/** The waits of one registration, with a host of the test's own. */

import { assertEquals, assertRejects } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Registration, type RegistrationHost } from "../../lib/reactor/registration.ts";
import { type Interest, READABLE, WRITABLE } from "../../lib/reactor/types.ts";

/** Counts what a registration says. */
class Host implements RegistrationHost {
  waits = 0;
  holding = 0;
  readonly asked: Interest[] = [];
  deregistered = 0;
  failure: Error | undefined = undefined;

  prepare(_registration: Registration, interest: Interest): Error | undefined {
    this.asked.push(interest);
    return this.failure;
  }

  count(waits: number, holding: number): void {
    this.waits += waits;
    this.holding += holding;
  }

  deregister(): void {
    this.deregistered++;
  }
}

/** A registration, and what its waits ended with so far. */
function start(): { host: Host; registration: Registration; ended: string[]; wait: Wait } {
  const host = new Host();
  const registration = new Registration(7, host);
  const ended: string[] = [];
  const wait: Wait = (name, interest, signal) => {
    registration.wait(interest, signal).then(
      () => ended.push(name),
      (error) => ended.push(`${name}: ${error.message ?? error}`),
    );
  };
  return { host, registration, ended, wait };
}

type Wait = (name: string, interest: Interest, signal?: AbortSignal) => void;

/** Let promises settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await undefined;
}

Deno.test("an event ends the waits of its interest alone, all of them", async () => {
  const { host, registration, ended, wait } = start();
  wait("a", READABLE);
  wait("b", READABLE);
  wait("w", WRITABLE);
  assertEquals(registration.awaited, READABLE | WRITABLE);
  assertEquals(host.asked, [READABLE, READABLE, WRITABLE]);
  assertEquals(registration.deliver(READABLE), true);
  await settle();
  assertEquals(ended.toSorted(), ["a", "b"]);
  assertEquals({ waits: host.waits, holding: host.holding, awaited: registration.awaited }, {
    waits: 1,
    holding: 1,
    awaited: WRITABLE,
  });
  assertEquals(registration.deliver(READABLE), false);
  assertEquals(registration.deliver(WRITABLE), true);
  await settle();
  assertEquals({ ended: ended.at(-1), waits: host.waits, awaited: registration.awaited }, {
    ended: "w",
    waits: 0,
    awaited: 0,
  });
});

for (
  const [name, events, ends] of [
    ["POLLERR", platform.POLLERR, ["r", "w"]],
    ["POLLHUP", platform.POLLHUP, ["r", "w"]],
    ["POLLNVAL", platform.POLLNVAL, ["r", "w"]],
    ["POLLRDHUP", platform.POLLRDHUP, platform.POLLRDHUP === 0 ? [] : ["r"]],
  ] as const
) {
  Deno.test(`${name} ends the waits that it concerns`, async () => {
    const { registration, ended, wait } = start();
    wait("r", READABLE);
    wait("w", WRITABLE);
    registration.deliver(events);
    await settle();
    assertEquals(ended, [...ends]);
  });
}

Deno.test("an abort ends its own wait and no other", async () => {
  const { host, registration, ended, wait } = start();
  const abort = new AbortController();
  wait("a", READABLE);
  wait("b", READABLE, abort.signal);
  wait("c", READABLE);
  abort.abort(new Error("enough"));
  await settle();
  assertEquals(ended, ["b: enough"]);
  assertEquals({ waits: host.waits, holding: host.holding }, { waits: 2, holding: 2 });
  registration.deliver(READABLE);
  await settle();
  assertEquals({ endedCount: ended.length, waits: host.waits, holding: host.holding }, {
    endedCount: 3,
    waits: 0,
    holding: 0,
  });
});

Deno.test("a signal that has aborted already asks for nothing", async () => {
  const { host, registration } = start();
  await assertRejects(
    () => registration.wait(READABLE, AbortSignal.abort(new Error("before"))),
    Error,
    "before",
  );
  assertEquals({ askedCount: host.asked.length, waits: host.waits }, { askedCount: 0, waits: 0 });
});

Deno.test("an abort after the event changes nothing", async () => {
  const { host, registration, ended, wait } = start();
  const abort = new AbortController();
  wait("a", READABLE, abort.signal);
  registration.deliver(READABLE);
  abort.abort();
  await settle();
  assertEquals({ ended, waits: host.waits, holding: host.holding }, {
    ended: ["a"],
    waits: 0,
    holding: 0,
  });
});

Deno.test("what the host cannot ask for rejects, and counts no wait", async () => {
  const { host, registration } = start();
  host.failure = new Error("no");
  await assertRejects(() => registration.wait(READABLE), Error, "no");
  assertEquals({ waits: host.waits, awaited: registration.awaited }, { waits: 0, awaited: 0 });
});

Deno.test("cancel() ends all waits and later ones with its first reason, and deregisters once", async () => {
  const { host, registration, ended, wait } = start();
  wait("r", READABLE);
  wait("w", WRITABLE);
  registration.cancel(new Error("closed"));
  registration.cancel(new Error("again"));
  wait("later", READABLE);
  await settle();
  assertEquals(ended.toSorted(), ["later: closed", "r: closed", "w: closed"]);
  assertEquals({ deregistered: host.deregistered, waits: host.waits, holding: host.holding }, {
    deregistered: 1,
    waits: 0,
    holding: 0,
  });
});

Deno.test("rejectWaits() ends the waits there are, and no later one", async () => {
  const { host, registration, ended, wait } = start();
  wait("r", READABLE);
  registration.rejectWaits(new Error("failed"));
  wait("later", READABLE);
  await settle();
  assertEquals({ ended, waits: host.waits }, { ended: ["r: failed"], waits: 1 });
});

Deno.test("unref() and ref() count the pending waits and the later ones", () => {
  const { host, registration, wait } = start();
  wait("a", READABLE);
  registration.unref();
  registration.unref();
  assertEquals({ waits: host.waits, holding: host.holding }, { waits: 1, holding: 0 });
  wait("b", READABLE);
  assertEquals({ waits: host.waits, holding: host.holding }, { waits: 2, holding: 0 });
  registration.ref();
  registration.ref();
  assertEquals({ waits: host.waits, holding: host.holding }, { waits: 2, holding: 2 });
  registration.deliver(READABLE);
  assertEquals({ waits: host.waits, holding: host.holding }, { waits: 0, holding: 0 });
});

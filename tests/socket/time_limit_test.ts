import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkedTimeout, timedOut } from "../../lib/socket/time_limit.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { bytes, connected, fill, PAIRED, test } from "../util/cases.ts";
import { pollTimeouts } from "../util/poll_timeouts.ts";

type Options = { readonly timeout?: number };

const RECEIVING: Readonly<Record<string, (socket: Socket, options: Options) => unknown>> = {
  readSync: (socket, options) => socket.readSync(new Uint8Array(8), options),
  receiveSync: (socket, options) => socket.receiveSync(options),
};

const SENDING: Readonly<Record<string, (socket: Socket, options: Options) => unknown>> = {
  writeSync: (socket, options) => socket.writeSync(new Uint8Array(4096), options),
  sendSync: (socket, options) => socket.sendSync({ data: new Uint8Array(4096) }, options),
};

for (const [name, call] of [...Object.entries(RECEIVING), ...Object.entries(SENDING)]) {
  test(`${name}() throws TimedOut after its timeout, whatever the socket's own limit`, () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      if (name in SENDING) fill(pair.b);
      pair.b.receiveTimeout = pair.b.sendTimeout = 60_000;
      for (const timeout of [0, 0.5, 2]) {
        assertThrows(() => call(pair.b, { timeout }), Deno.errors.TimedOut, `within ${timeout} ms`);
      }
    }
  });

  test(`${name}() waits no longer than the socket's own limit, or than its timeout`, () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      if (name in SENDING) fill(pair.b);
      pair.b.receiveTimeout = pair.b.sendTimeout = 60_000;
      const limits = [[{}, 60_000, Deno.errors.WouldBlock], [
        { timeout: 40_000 },
        40_000,
        Deno.errors.TimedOut,
      ]] as const;
      for (const [options, limit, error] of limits) {
        const asked = pollTimeouts(() => assertThrows(() => call(pair.b, options), error));
        const waits = asked.filter((it) => it !== 0); // the others only look
        // The rest is what the call itself may take on a busy machine.
        assert(waits.every((it) => it > limit - 20_000 && it <= limit), `${waits} of ${limit} ms`);
        assertEquals(waits.length, 1);
      }
    }
  });

  test(`${name}() takes no timeout that is none`, () => {
    using pair = connected();
    pair.a.writeSync(bytes("a"));
    for (const timeout of [-1, NaN, 2 ** 32, "1", null]) {
      assertThrows(() => call(pair.b, { timeout } as Options), RangeError, "number from 0");
    }
    assertEquals(
      { aBytesAvailable: pair.a.bytesAvailable, bBytesAvailable: pair.b.bytesAvailable },
      { aBytesAvailable: 0, bBytesAvailable: 1 },
    );
  });
}

test("a call that need not wait is not timed out", () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    assertEquals(pair.a.writeSync(bytes("a"), { timeout: 0 }), 1);
    assertEquals(pair.a.sendSync({ data: bytes("b") }, { timeout: 0 }), 1);
    assertEquals(pair.b.readSync(new Uint8Array(1), { timeout: 0 }), 1);
    assertEquals(pair.b.receiveSync({ timeout: 0 })?.data, bytes("b"));
  }
});

Deno.test("checkedTimeout() passes on what is a time, and the lack of one", () => {
  assertEquals(checkedTimeout(undefined), undefined);
  assertEquals(checkedTimeout(0), 0);
  assertEquals(checkedTimeout(2 ** 31), 2 ** 31);
  assertEquals(checkedTimeout(1.5), 1.5);
});

Deno.test("timedOut() is TimedOut, with what was attempted on what", () => {
  const error = timedOut("connect", 5, "/run/a");
  assert(error instanceof Deno.errors.TimedOut);
  assertEquals(
    error.message,
    'Cannot connect to "/run/a": nothing changed within 5 ms (ETIMEDOUT)',
  );
});

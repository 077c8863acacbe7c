import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { getEventListeners } from "node:events";
import { OwnedFd, type Socket, unix } from "../../mod.ts";
import { notify, notifyBarrier, type NotifyState, notifySync } from "../../lib/systemd/mod.ts";
import { encodeState } from "../../lib/systemd/notify_state.ts";
import { fill, isPending } from "../util/cases.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { tempDir } from "../util/tempdir.ts";

const lines = (state: NotifyState): string => encodeState(state, () => 77n);

Deno.test("encodeState() writes the assignments of sd_notify(3)", () => {
  const cases: [NotifyState, string][] = [
    [{ ready: true }, "READY=1\n"],
    [{ ready: true, status: "Up" }, "READY=1\nSTATUS=Up\n"],
    [{ reloading: true }, "RELOADING=1\nMONOTONIC_USEC=77\n"],
    [{ stopping: true, errno: 2, status: "" }, "STOPPING=1\nSTATUS=\nERRNO=2\n"],
    [{ mainPid: 12 }, "MAINPID=12\n"],
    [{ watchdog: true }, "WATCHDOG=1\n"],
    [{ watchdog: "trigger" }, "WATCHDOG=trigger\n"],
    [
      { watchdogInterval: 1.5, extendTimeout: 2000 },
      "WATCHDOG_USEC=1500\nEXTEND_TIMEOUT_USEC=2000000\n",
    ],
    [{ store: [0], name: "a b", poll: false }, "FDSTORE=1\nFDNAME=a b\nFDPOLL=0\n"],
    [{ unstore: true, name: "x" }, "FDSTOREREMOVE=1\nFDNAME=x\n"],
    [{ extra: { X_NOTE: "1" }, ready: false, poll: true }, "X_NOTE=1\n"],
  ];
  for (const [state, expected] of cases) assertEquals(lines(state), expected);
});

Deno.test("encodeState() refuses what would be another line, or nothing", () => {
  const text: NotifyState[] = [
    {},
    { ready: false },
    { status: "a\nREADY=1" },
    { status: "a\0" },
    { status: "a\ud800" },
    { extra: { A: "\udc00b" } },
    { unstore: true },
    { store: [], name: "a:b" },
    { store: [], name: "ä" },
    { store: [], name: "x".repeat(256) },
    { extra: { "A=B": "" } },
    { extra: { A: "1\nB=2" } },
  ];
  for (const state of text) assertThrows(() => lines(state), TypeError, "Cannot");
  const numbers: NotifyState[] = [
    { errno: -1 },
    { mainPid: 0 },
    { mainPid: 1.5 },
    { watchdogInterval: 0 },
    { extendTimeout: Infinity },
  ];
  for (const state of numbers) assertThrows(() => lines(state), RangeError, "Cannot");
});

/** Receive what services say, at an address of each kind. */
async function atEach(use: (receiver: Socket) => Promise<void>): Promise<void> {
  using dir = tempDir();
  const addresses = [dir.join("notify")];
  if (Deno.build.os === "linux") addresses.push(`@denet-${crypto.randomUUID()}`);
  for (const address of addresses) {
    using receiver = unix.bind(address);
    Deno.env.set("NOTIFY_SOCKET", address);
    try {
      await use(receiver);
    } finally {
      Deno.env.delete("NOTIFY_SOCKET");
    }
  }
}

async function next(receiver: Socket): Promise<{ text: string; kinds: string[] }> {
  using message = await receiver.receive({ files: 253 });
  const text = new TextDecoder().decode(message?.data);
  return { text, kinds: message?.files.map((it) => it.kind()) ?? [] };
}

Deno.test(
  "notify() sends the state and files to a path and to an abstract name",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      assertEquals(await notify({ ready: true, status: "Up" }), true);
      assertEquals(await next(receiver), { text: "READY=1\nSTATUS=Up\n", kinds: [] });
      const open = countDescriptors();
      assertEquals(notifySync({ stopping: true }), true);
      assertEquals(countDescriptors(), open);
      assertEquals((await next(receiver)).text, "STOPPING=1\n");
      using file = OwnedFd.open("/dev/null");
      await notify({ store: [file, 0], name: "null" });
      const { text, kinds } = await next(receiver);
      assertEquals({ text, kindCount: kinds.length }, {
        text: "FDSTORE=1\nFDNAME=null\n",
        kindCount: 2,
      });
      assertEquals(kinds[0], "character");
    });
  }),
);

Deno.test("notify() does nothing and returns false without a manager", async () => {
  Deno.env.delete("NOTIFY_SOCKET");
  assertEquals(await notify({ ready: true }), false);
  assertEquals(notifySync({ ready: true }), false);
  assertEquals(await notifyBarrier(), false);
  await assertRejects(() => notify({}), TypeError);
});

Deno.test(
  "notify() rejects addresses it cannot reach",
  noLeaks(async () => {
    using dir = tempDir();
    const cases = [
      ["", Deno.errors.InvalidData],
      ["relative", Deno.errors.InvalidData],
      ["@", Deno.errors.InvalidData],
      ["vsock:2:1234", Deno.errors.NotSupported],
      [dir.join("nobody"), Deno.errors.NotFound],
    ] as const;
    try {
      for (const [address, error] of cases) {
        Deno.env.set("NOTIFY_SOCKET", address);
        await assertRejects(() => notify({ ready: true }), error);
        assertThrows(() => notifySync({ ready: true }), error);
        await assertRejects(() => notifyBarrier(), error);
      }
    } finally {
      Deno.env.delete("NOTIFY_SOCKET");
    }
  }),
);

Deno.test(
  "notifyBarrier() waits until the receiver has closed the descriptor",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      await notify({ ready: true });
      let done = false;
      const barrier = notifyBarrier().then((it) => done = it);
      assertEquals((await next(receiver)).text, "READY=1\n");
      const message = await receiver.receive({ files: 1 });
      assertEquals(new TextDecoder().decode(message?.data), "BARRIER=1");
      // What a manager writes is of no interest.
      message?.files[0]?.writeSync(new Uint8Array(2));
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(done, false);
      message?.[Symbol.dispose]();
      assertEquals(await barrier, true);
    });
  }),
);

Deno.test(
  "notifyBarrier() fails when there is no descriptor left for it",
  noLeaks(async () => {
    await atEach(async () => {
      using _shortage = outOfDescriptors();
      await assertRejects(() => notifyBarrier(), Error, "EMFILE");
    });
  }),
);

Deno.test(
  "notifyBarrier() gives up when its signal aborts",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      const signal = AbortSignal.abort(new Error("early"));
      await assertRejects(() => notifyBarrier({ signal }), Error, "early");
      const controller = new AbortController();
      const barrier = notifyBarrier({ signal: controller.signal });
      using _message = await receiver.receive({ files: 1 });
      controller.abort(new Error("late"));
      await assertRejects(() => barrier, Error, "late");
    });
  }),
);

Deno.test(
  "notify() and notifyBarrier() leave no listener on a signal, however they end",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      const controller = new AbortController();
      const { signal } = controller;
      const listeners = (): number => getEventListeners(signal, "abort").length;
      await notify({ ready: true }, { signal });
      assertEquals({ listeners: listeners(), text: (await next(receiver)).text }, {
        listeners: 0,
        text: "READY=1\n",
      });
      const barrier = notifyBarrier({ signal });
      (await receiver.receive({ files: 1 }))?.[Symbol.dispose]();
      assertEquals({ barrier: await barrier, listeners: listeners() }, {
        barrier: true,
        listeners: 0,
      });
      const aborted = notifyBarrier({ signal });
      using _message = await receiver.receive({ files: 1 });
      controller.abort(new Error("enough"));
      await assertRejects(() => aborted, Error, "enough");
      assertEquals(listeners(), 0);
    });
  }),
);

Deno.test(
  "notifyBarrier() gives up when its signal aborts between two of its steps",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      for (let steps = 0; steps < 40; steps++) {
        const controller = new AbortController();
        const barrier = assertRejects(
          () => notifyBarrier({ signal: controller.signal }),
          Error,
          "between",
        );
        for (let i = 0; i < steps; i++) await undefined;
        controller.abort(new Error("between"));
        await barrier;
        empty(receiver);
      }
    });
  }),
);

/** Take all messages from a queue. */
function empty(receiver: Socket): void {
  try {
    for (;;) receiver.receiveSync({ timeout: 0 })?.[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
  }
}

/** Fill the queue of a receiver, by a sender that waits for nothing. */
function fillQueue(address: string): void {
  using filler = unix.connectSync(address, { type: "dgram" });
  fill(filler, 1);
}

Deno.test(
  "notify() and notifyBarrier() to a manager that does not read end with the signal's reason",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      fillQueue(Deno.env.get("NOTIFY_SOCKET") ?? "");
      for (const use of [notify.bind(null, { ready: true }), notifyBarrier]) {
        const controller = new AbortController();
        const pending = use({ signal: controller.signal });
        assertEquals(await isPending(pending), true);
        controller.abort("enough");
        assertEquals(await assertRejects(() => pending), "enough");
      }
      receiver.close();
    });
  }),
);

Deno.test("notify() without a manager still rejects with the reason of a signal", async () => {
  Deno.env.delete("NOTIFY_SOCKET");
  const signal = AbortSignal.abort("before");
  assertEquals(await assertRejects(() => notify({ ready: true }, { signal })), "before");
});

const CLOCK = "import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)";

testWith("python3-linux", "a reload is dated by the system's monotonic clock", async () => {
  const clock = (): bigint => {
    const { stdout } = new Deno.Command("python3", { args: ["-c", CLOCK] }).outputSync();
    return BigInt(new TextDecoder().decode(stdout).trim());
  };
  await atEach(async (receiver) => {
    const before = clock();
    await notify({ reloading: true });
    const { text } = await next(receiver);
    const stamp = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)\n$/.exec(text)?.[1] ?? "");
    assert(before <= stamp && stamp <= clock(), text);
  });
});

testWith(
  "systemd-notify",
  "a receiver of this module understands systemd-notify",
  noLeaks(async () => {
    await atEach(async (receiver) => {
      receiver.passCredentials = true;
      await using sender = startProcess("systemd-notify", {
        args: ["--ready", "--status=All is well"],
      });
      using message = await receiver.receive();
      const text = new TextDecoder().decode(message?.data).trimEnd();
      assertEquals(text.split("\n").sort(), ["READY=1", "STATUS=All is well"]);
      assertEquals(typeof message?.credentials?.pid, "number");
      // Then it waits until everything before is done.
      const barrier = await receiver.receive({ files: 1 });
      assertEquals(new TextDecoder().decode(barrier?.data), "BARRIER=1");
      barrier?.[Symbol.dispose]();
      assertEquals((await sender.status).code, 0);
    });
  }),
);

const RECEIVER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, fds, flags, _ = socket.recv_fds(s, 4096, 10)
    print(repr(data.decode()), [os.read(fd, 100) if b'FDSTORE' in data else fd > 2 for fd in fds], flush=True)
    for fd in fds: os.close(fd)
`;

testWith(
  "python3",
  "notify() and notifyBarrier() are understood by Python",
  noLeaks(async () => {
    using dir = tempDir();
    const address = dir.join("notify");
    await using receiver = startProcess("python3", { args: ["-c", RECEIVER, address] });
    assertEquals(await receiver.readLine(), "bound");
    Deno.env.set("NOTIFY_SOCKET", address);
    try {
      using file = OwnedFd.memfd("state", new TextEncoder().encode("kept"));
      await notify({ store: [file], name: "state" });
      assertEquals(await receiver.readLine(), String.raw`'FDSTORE=1\nFDNAME=state\n' [b'kept']`);
      assertEquals(await notifyBarrier(), true);
      assertEquals(await receiver.readLine(), "'BARRIER=1' [True]");
    } finally {
      Deno.env.delete("NOTIFY_SOCKET");
    }
  }),
);

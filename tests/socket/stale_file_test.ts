import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { flock } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { parseAddress } from "../../lib/address/sockaddr.ts";
import { bindTo } from "../../lib/address/destination.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import type { Listener } from "../../lib/handle/listener.ts";
import { bytes, linuxTest, rootTest, test, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { type LineProcess, startDeno, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const { AddrInUse } = Deno.errors;

/** What a path names, to tell whether it was touched. */
function identity(path: string): string {
  const { ino, mode, size, isSymlink } = Deno.lstatSync(path);
  return JSON.stringify({ ino, mode, size, target: isSymlink ? Deno.readLinkSync(path) : null });
}

/** Assert that `replaceStale` refuses a path, says why, and touches nothing. */
function assertUntouched(path: string, why: string): void {
  const before = identity(path);
  const open = countDescriptors();
  for (const attempt of [listen, bind]) {
    const error = assertThrows(() => attempt(path, { replaceStale: true }), AddrInUse, why);
    assert("code" in error && "address" in error);
    assertObjectMatch(error, { code: "EADDRINUSE", address: path });
  }
  assertEquals({ identity: identity(path), descriptors: countDescriptors() }, {
    identity: before,
    descriptors: open,
  });
}

test("replaceStale replaces a socket file without a listener", () => {
  using dir = tempDir();
  listen(dir.join("a"), { unlinkOnClose: false }).close();
  assertThrows(() => listen(dir.join("a")), AddrInUse);
  using _listener = listen(dir.join("a"), { replaceStale: true, mode: 0o600 });
  connectSync(dir.join("a")).close();
  assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o777, 0o600);
});

test("replaceStale does nothing special where there is no file", () => {
  using dir = tempDir();
  listen(dir.join("a"), { replaceStale: true }).close();
  assertEquals([...Deno.readDirSync(dir.path)], []);
});

test("replaceStale replaces a file of datagram sockets, and by datagram sockets", () => {
  using dir = tempDir();
  bind(dir.join("a"), { unlinkOnClose: false }).close();
  listen(dir.join("a"), { replaceStale: true, unlinkOnClose: false }).close();
  using receiver = bind(dir.join("a"), { replaceStale: true });
  using sender = connectSync(dir.join("a"), { type: "dgram" });
  sender.writeSync(bytes("a"));
  assertEquals(receiver.readSync(new Uint8Array(8)), 1);
});

test("replaceStale leaves a live listener alone, and does not connect to it", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  assertUntouched(dir.join("a"), "a running program has the socket");
  const pending = listener.accept();
  using client = connectSync(dir.join("a"));
  using server = await pending;
  client.writeSync(bytes("first"));
  assertEquals(await server.read(new Uint8Array(8)), 5, "there was no connection before");
});

linuxTest("replaceStale leaves a live seqpacket listener and a datagram socket alone", () => {
  using dir = tempDir();
  using _listener = listen(dir.join("a"), { type: "seqpacket" });
  using _socket = bind(dir.join("b"));
  assertUntouched(dir.join("a"), "a running program has the socket");
  assertUntouched(dir.join("b"), "a running program has the socket");
});

test("replaceStale leaves a socket alone that is bound, but does not listen yet", () => {
  using dir = tempDir();
  const flags = { cloexec: true, nonblocking: false };
  using bound = OwnedFd.adopt(socket(platform.SOCK_STREAM, flags));
  assertEquals(bindTo(bound.fd, parseAddress(dir.join("a"), platform)), 0);
  assertUntouched(dir.join("a"), "a running program has the socket");
});

linuxTest("replaceStale leaves a live listener with a full backlog alone", () => {
  using dir = tempDir();
  using _listener = listen(dir.join("a"), { backlog: 0 });
  using _client = connectSync(dir.join("a"));
  assertUntouched(dir.join("a"), "a running program has the socket");
});

test("replaceStale touches nothing that is no socket", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("file"), "precious");
  Deno.mkdirSync(dir.join("folder"));
  new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).outputSync();
  for (const name of ["file", "folder", "fifo"]) {
    assertUntouched(dir.join(name), "what is there is no socket");
  }
  assertEquals(Deno.readTextFileSync(dir.join("file")), "precious");
});

test("replaceStale follows no symbolic link: neither it nor what it points to is touched", () => {
  using dir = tempDir();
  listen(dir.join("stale"), { unlinkOnClose: false }).close();
  Deno.writeTextFileSync(dir.join("file"), "precious");
  for (const target of ["stale", "file", "nowhere"]) {
    Deno.symlinkSync(target, dir.join("link"));
    assertUntouched(dir.join("link"), "what is there is no socket");
    Deno.removeSync(dir.join("link"));
  }
  assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name).sort(), ["file", "stale"]);
});

linuxTest("replaceStale works on paths that do not fit, and on relative ones", () => {
  using dir = tempDir();
  const long = `${"d".repeat(100)}/${"e".repeat(100)}`;
  Deno.mkdirSync(dir.join(long), { recursive: true });
  const previous = Deno.cwd();
  Deno.chdir(dir.path);
  try {
    for (const path of ["a", `${long}/a`, dir.join(long, "b".repeat(108))]) {
      listen(path, { unlinkOnClose: false }).close();
      assertThrows(() => listen(path), AddrInUse);
      using _listener = listen(path, { replaceStale: true });
      assertThrows(() => listen(path, { replaceStale: true }), AddrInUse);
    }
  } finally {
    Deno.chdir(previous);
  }
});

test("replaceStale fails as without it where the directory is not there", () => {
  using dir = tempDir();
  assertThrows(() => listen(dir.join("none/a"), { replaceStale: true }), Deno.errors.NotFound);
});

test("replaceStale listens at once while another descriptor holds a shared or exclusive lock on the directory", () => {
  using dir = tempDir();
  for (const exclusive of [false, true]) {
    listen(dir.join("a"), { unlinkOnClose: false }).close();
    using directory = Deno.openSync(dir.path);
    directory.lockSync(exclusive);
    listen(dir.join("a"), { replaceStale: true }).close();
  }
});

rootTest("replaceStale is not held up by a lock file that another user has made", () => {
  using dir = tempDir();
  const { LOCK_EX, LOCK_NB } = platform;
  Deno.chmodSync(dir.path, 0o1777);
  const lock = dir.join(".a.lock");
  const makers = [
    () => Deno.writeTextFileSync(lock, "", { mode: 0o666 }),
    () => Deno.mkdirSync(lock),
    () => void new Deno.Command("mkfifo", { args: [lock] }).outputSync(),
    () => Deno.symlinkSync(dir.join("elsewhere"), lock),
    () => Deno.symlinkSync("/", lock),
  ];
  for (const make of makers) {
    make();
    new Deno.Command("chown", { args: ["-h", "4711:4711", lock] }).outputSync();
    using held = Deno.lstatSync(lock).isFile ? OwnedFd.open(lock) : undefined;
    if (held !== undefined) assertEquals(flock(held.fd, LOCK_EX | LOCK_NB), 0);
    listen(dir.join("a"), { unlinkOnClose: false }).close();
    listen(dir.join("a"), { replaceStale: true }).close();
    assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name), [".a.lock"]);
    Deno.removeSync(lock);
  }
});

test("replaceStale neither waits for a file that has another use, nor removes it", () => {
  using dir = tempDir();
  const { LOCK_EX, LOCK_NB } = platform;
  const lock = dir.join(".a.lock"), other = dir.join("other");
  const makers = [
    () => Deno.writeTextFileSync(lock, "precious", { mode: 0o600 }),
    () => {
      Deno.writeTextFileSync(other, "", { mode: 0o600 });
      Deno.linkSync(other, lock);
    },
  ];
  for (const make of makers) {
    make();
    const before = identity(lock);
    using held = OwnedFd.open(lock);
    assertEquals(flock(held.fd, LOCK_EX | LOCK_NB), 0);
    listen(dir.join("a"), { unlinkOnClose: false }).close();
    listen(dir.join("a"), { replaceStale: true }).close();
    assertEquals(identity(lock), before);
    Deno.removeSync(lock);
  }
});

test("replaceStale yields to a program that is just replacing the file", () => {
  using dir = tempDir();
  const { LOCK_EX, LOCK_NB } = platform;
  listen(dir.join("a"), { unlinkOnClose: false }).close();
  const lock = dir.join(".a.lock");
  {
    using held = OwnedFd.open(lock, { read: true, write: true, createNew: true, mode: 0o600 });
    assertEquals(flock(held.fd, LOCK_EX | LOCK_NB), 0);
    assertUntouched(dir.join("a"), "another program is just starting there");
  }
  listen(dir.join("a"), { replaceStale: true }).close();
  assertEquals([...Deno.readDirSync(dir.path)], [], "a lock that was left over does not stay");
});

test("replaceStale leaves neither a lock nor anything else behind, also when it fails", () => {
  using dir = tempDir();
  const names = () => [...Deno.readDirSync(dir.path)].map((it) => it.name).sort();
  listen(dir.join("a"), { unlinkOnClose: false }).close();
  {
    using _listener = listen(dir.join("a"), { replaceStale: true, mode: 0o600 });
    assertEquals(names(), ["a"]);
    assertThrows(() => listen(dir.join("a"), { replaceStale: true }), AddrInUse);
    assertEquals(names(), ["a"]);
  }
  assertEquals(names(), []);
});

/** Run `meanwhile` right before each call of the C function `name`. */
function beforeEach(name: "rename" | "connect", meanwhile: () => void): Disposable {
  const real = libc();
  const replaced = Object.create(real, {
    [name]: {
      value: (...args: never[]) => {
        meanwhile();
        return (real[name] as (...args: never[]) => number)(...args);
      },
    },
  });
  const previous = replaceLibc(replaced);
  return { [Symbol.dispose]: () => void replaceLibc(previous) };
}

for (const call of ["connect", "rename"] as const) {
  test(`replaceStale spares an ordinary file that is renamed over the path right before its ${call}`, () => {
    using dir = tempDir();
    const kinds: Record<string, (path: string) => void> = {
      file: (path) => Deno.writeTextFileSync(path, "precious"),
      folder: (path) => Deno.mkdirSync(path),
      link: (path) => Deno.symlinkSync("precious", path),
    };
    for (const [kind, make] of Object.entries(kinds)) {
      const path = dir.join(kind);
      listen(path, { unlinkOnClose: false }).close();
      let isDone = false;
      {
        using _ = beforeEach(call, () => {
          if (isDone) return;
          isDone = true;
          Deno.removeSync(path);
          make(path);
        });
        assertThrows(
          () => listen(path, { replaceStale: true }),
          AddrInUse,
          "what is there is no socket",
        );
      }
      assertEquals({ isDone, isSocket: Deno.lstatSync(path).isSocket }, {
        isDone: true,
        isSocket: false,
      });
    }
    assertEquals(Deno.readTextFileSync(dir.join("file")), "precious");
    assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name).sort(), [
      "file",
      "folder",
      "link",
    ]);
  });

  test(`replaceStale spares a listener that takes the path right before its ${call}`, () => {
    using dir = tempDir();
    const path = dir.join("a");
    listen(path, { unlinkOnClose: false }).close();
    let other: Listener | undefined;
    {
      using _ = beforeEach(call, () => {
        if (other !== undefined) return;
        Deno.removeSync(path);
        other = listen(path);
      });
      assertThrows(() => listen(path, { replaceStale: true }), AddrInUse, "a running program");
    }
    connectSync(path).close();
    other?.close();
    assertEquals([...Deno.readDirSync(dir.path)], []);
  });
}

test("replaceStale moves no socket of a program that has begun there before it got the lock", () => {
  using dir = tempDir();
  const path = dir.join("a");
  listen(path, { unlinkOnClose: false }).close();
  const started: Listener[] = [];
  let moves = 0;
  const { flock, rename } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    flock: {
      value: (...args: Parameters<typeof flock>) => {
        if (started.length === 0) {
          Deno.removeSync(path);
          started.push(listen(path));
        }
        return flock(...args);
      },
    },
    rename: { value: (...args: Parameters<typeof rename>) => (moves++, rename(...args)) },
  }));
  try {
    assertThrows(() => listen(path, { replaceStale: true }), AddrInUse, "a running program");
  } finally {
    replaceLibc(previous);
  }
  assertEquals({ starts: started.length, moves }, { starts: 1, moves: 0 });
  for (const it of started) it.close();
});

test("replaceStale locks again if another program has removed the lock file meanwhile", () => {
  using dir = tempDir();
  listen(dir.join("a"), { unlinkOnClose: false }).close();
  let locks = 0;
  const { flock } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    flock: {
      value: (...args: Parameters<typeof flock>) => {
        // The program that had the lock before removes the file and gives the lock up.
        if (locks++ === 0) Deno.removeSync(dir.join(".a.lock"));
        return flock(...args);
      },
    },
  }));
  try {
    listen(dir.join("a"), { replaceStale: true }).close();
  } finally {
    replaceLibc(previous);
  }
  assertEquals(locks, 2);
});

test("replaceStale takes at most a moment to refuse, and leaves the event loop alone then", () => {
  using dir = tempDir();
  using _listener = listen(dir.join("a"));
  let pauses = 0;
  const { poll } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    poll: { value: (...args: Parameters<typeof poll>) => (pauses++, poll(...args)) },
  }));
  try {
    assertThrows(() => listen(dir.join("a"), { replaceStale: true }), AddrInUse);
  } finally {
    replaceLibc(previous);
  }
  assertEquals(pauses, 50, "pauses of 2 ms");
});

/** Make each pause of a start twenty times as long. */
function longerPauses(): Disposable {
  const { poll } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    poll: {
      value: (...[fds, count, timeout]: Parameters<typeof poll>) => poll(fds, count, timeout * 20),
    },
  }));
  return { [Symbol.dispose]: () => void replaceLibc(previous) };
}

linuxTest("replaceStale waits for the abstract name of a program that was killed", async () => {
  const name = `@denet-stale-${crypto.randomUUID()}`;
  assertThrows(() => {
    using _first = listen(name);
    listen(name, { replaceStale: true });
  }, AddrInUse);
  for (let n = 0; n < 3; n++) {
    const program = `
      import { unix } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      unix.load(); // what io_uring polls is released last
      unix.listen(${JSON.stringify(name)}).accept();
      setTimeout(() => console.log("up"), 20);`;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    await using child = startProcess(Deno.execPath(), {
      args: ["eval", "--config", config, program],
    });
    assertEquals(await child.readLine(), "up");
    child.kill("SIGKILL");
    await child.status;
    // The kernel takes its time on a busy machine: what counts is that listen() pauses and tries again.
    using _ = longerPauses();
    listen(name, { replaceStale: true }).close();
  }
});

linuxTest("an abstract name is free once the program that had it has ended", async () => {
  for (let n = 0; n < 3; n++) {
    const name = `@denet-ended-${crypto.randomUUID()}`;
    const program = `
      import { unix } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      unix.load();
      await unix.listen(${JSON.stringify(name)}).accept();
      Deno.exit(3);`;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    await using child = startProcess(Deno.execPath(), {
      args: ["eval", "--config", config, program],
    });
    for (;;) {
      try {
        using _client = connectSync(name);
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await turn(); // it has not begun yet
      }
    }
    assertEquals((await child.status).code, 3);
    listen(name).close();
  }
});

test("exactly one of many programs that start at once on a stale file gets the path", async () => {
  using dir = tempDir();
  await using stack = new AsyncDisposableStack();
  const script = new URL("starter.ts", import.meta.url);
  const starters: LineProcess[] = [];
  for (let n = 0; n < 4; n++) starters.push(stack.use(startDeno(script, ["--allow-ffi"])));
  for (const starter of starters) assertEquals(await starter.readLine(), "ready");
  for (let round = 0; round < 6; round++) {
    await Promise.all(starters.map((it) => it.writeLine(dir.join("a"))));
    const results = await Promise.all(starters.map((it) => it.readLine()));
    assertEquals(results.toSorted(), ["EADDRINUSE", "EADDRINUSE", "EADDRINUSE", "won"]);
    connectSync(dir.join("a")).close();
    const winner = starters[results.indexOf("won")];
    await winner?.writeLine("");
    assertEquals(await winner?.readLine(), "closed");
    assertThrows(() => connectSync(dir.join("a")), Deno.errors.ConnectionRefused);
  }
});

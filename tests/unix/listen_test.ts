import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { InvalidAddressError } from "../../lib/errors.ts";
import type { Address } from "../../lib/address/sockaddr.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen, type ListenOptions } from "../../lib/unix/listen.ts";
import { Listener, OwnedFd } from "../../mod.ts";
import { bytes, collectUntil, gcTest, linuxTest, test, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { isInherited, isNonblocking } from "../util/inherited.ts";
import { outOfDescriptors, withoutRights, withUmask } from "../util/limits.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

test("listen() listens on a path, whose file it removes on close", () => {
  using dir = tempDir();
  const listener = listen(dir.join("a"));
  assertEquals(listener.addr, { transport: "unix", path: dir.join("a") });
  assertEquals({ type: listener.type, localAddress: listener.localAddress }, {
    type: "stream",
    localAddress: bytes(dir.join("a")),
  });
  connectSync(dir.join("a")).close();
  listener.close();
  assertEquals(namesIn(dir.path), []);
});

linuxTest(
  "listen() listens on abstract names in all bytes, and on one of the kernel's choosing",
  () => {
    const random = crypto.getRandomValues(new Uint8Array(12));
    for (const address of [`@denet-${Deno.pid}`, new Uint8Array([0, 0xff, 0, ...random])]) {
      using listener = listen(address);
      connectSync(listener.localAddress ?? "").close();
      assertThrows(() => listen(address), Deno.errors.AddrInUse);
    }
    using chosen = listen("");
    assert(/^\0[0-9a-f]{5}$/.test(chosen.addr.path));
    connectSync(chosen.addr.path).close();
  },
);

linuxTest("listen() takes the empty abstract name", async () => {
  for (;;) {
    try {
      using empty = listen("@");
      return assertEquals(empty.localAddress, new Uint8Array([0]));
    } catch (error) {
      // Another run of the tests has it for a moment.
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      await turn();
    }
  }
});

linuxTest("listen() fills sun_path to the last byte", () => {
  using dir = tempDir();
  for (const length of [107, 108]) {
    const path = dir.join("a".repeat(length - dir.path.length - 1));
    using listener = listen(path);
    assertEquals({ path: listener.addr.path, nameCount: namesIn(dir.path).length }, {
      path,
      nameCount: 1,
    });
    connectSync(path).close();
  }
});

linuxTest("listen() takes a path that does not fit, of every kind", () => {
  using dir = tempDir();
  const long = dir.join("d".repeat(100), "e".repeat(100));
  Deno.mkdirSync(long, { recursive: true });
  for (const length of [1, 90, 108]) {
    const path = `${long}/${"a".repeat(length)}`;
    const listener = listen(path, { mode: 0o600 });
    assertEquals({ path: listener.addr.path, mode: modeOf(path) }, { path, mode: 0o600 });
    connectSync(path).close();
    listener.close();
    assertEquals(namesIn(long), []);
  }
});

test("listen() fails with the error that fits, and leaves nothing behind", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("file"), "");
  Deno.symlinkSync("nowhere", dir.join("dangling"));
  Deno.symlinkSync("loop", dir.join("loop"));
  Deno.mkdirSync(dir.join("folder"));
  using _taken = listen(dir.join("taken"));
  const before = namesIn(dir.path);
  const table: readonly [string, new (...args: never[]) => Error, string][] = [
    ["none/a", Deno.errors.NotFound, "ENOENT"],
    ["file/a", Deno.errors.NotADirectory, "ENOTDIR"],
    ["loop/a", Deno.errors.FilesystemLoop, "ELOOP"],
    ["taken", Deno.errors.AddrInUse, "EADDRINUSE"],
    ["file", Deno.errors.AddrInUse, "EADDRINUSE"],
    ["folder", Deno.errors.AddrInUse, "EADDRINUSE"],
    ["dangling", Deno.errors.AddrInUse, "EADDRINUSE"],
  ];
  for (const [path, expected, code] of table) {
    const open = countDescriptors();
    const error = assertThrows(() => listen(dir.join(path)), expected, "Cannot bind");
    assert("code" in error && "syscall" in error && "address" in error);
    assertObjectMatch(error, { code: code, syscall: "bind", address: dir.join(path) });
    assertEquals({ descriptors: countDescriptors(), names: namesIn(dir.path) }, {
      descriptors: open,
      names: before,
    }, path);
  }
});

test("listen() throws PermissionDenied without the right to write to the directory", () => {
  using dir = tempDir();
  const attempt = (): unknown => withoutRights(() => listen(dir.join("a")));
  Deno.chmodSync(dir.path, Deno.uid() === 0 ? 0o755 : 0o500);
  const error = assertThrows(attempt, Deno.errors.PermissionDenied);
  assert("code" in error && "address" in error);
  assertObjectMatch(error, { code: "EACCES", address: dir.join("a") });
  Deno.chmodSync(dir.path, 0o700);
});

Deno.test("listen() refuses wrong arguments before any system call", () => {
  const wrong: readonly [unknown, ListenOptions, new (...args: never[]) => Error][] = [
    ["/a\0b", {}, InvalidAddressError],
    [`@${"a".repeat(108)}`, {}, InvalidAddressError],
    [undefined, {}, InvalidAddressError],
    ["/tmp/a", { backlog: -1 }, RangeError],
    ["/tmp/a", { backlog: 0.5 }, RangeError],
    ["/tmp/a", { backlog: 2 ** 31 }, RangeError],
    ["/tmp/a", { mode: -1 }, RangeError],
    ["/tmp/a", { mode: 0o1000 }, RangeError],
    ["/tmp/a", { mode: 0.5 }, RangeError],
    ["@a", { mode: 0o600 }, TypeError],
    ["", { mode: 0o600 }, TypeError],
    ["/tmp/a", { type: "dgram" as "stream" }, TypeError],
    ["/tmp/a", { type: "raw" as "stream" }, TypeError],
  ];
  const before = countDescriptors();
  for (const [address, options, expected] of wrong) {
    assertThrows(() => listen(address as Address, options), expected, "Cannot");
  }
  assertEquals(countDescriptors(), before);
});

test("listen() passes nothing on to other programs by default, and O_NONBLOCK on request", async () => {
  using dir = tempDir();
  for (const flags of [{}, { cloexec: false }, { nonblocking: true }]) {
    using listener = listen(dir.join("a"), flags);
    const { cloexec = true, nonblocking = false } = flags as ListenOptions;
    const state = [isInherited(listener.fd), isNonblocking(listener.fd)];
    assertEquals(state, [!cloexec, nonblocking]);
    const pending = listener.accept();
    using _first = connectSync(dir.join("a"));
    (await pending).close();
    using _second = connectSync(dir.join("a"));
    listener.acceptSync().close();
    assertEquals(isNonblocking(listener.fd), nonblocking);
  }
});

test("mode is set in full, whatever the umask", () => {
  using dir = tempDir();
  for (const mask of [0, 0o022, 0o077, 0o777]) {
    for (const mode of [0o600, 0o666, 0o777, 0o000, 0o070]) {
      using _listener = withUmask(mask, () => listen(dir.join("a"), { mode }));
      assertEquals(modeOf(dir.join("a")), mode, `umask ${mask.toString(8)}`);
    }
  }
});

test("without mode the umask decides", () => {
  using dir = tempDir();
  for (const mask of [0o022, 0o077]) {
    using _listener = withUmask(mask, () => listen(dir.join("a")));
    assertEquals(modeOf(dir.join("a")), 0o777 & ~mask);
  }
});

const WATCHER = `
import os, sys, threading
modes, done = set(), threading.Event()
def watch():
    while not done.is_set():
        for _ in range(200):
            try:
                modes.add(os.lstat(sys.argv[1]).st_mode & 0o7777)
            except FileNotFoundError:
                pass
watcher = threading.Thread(target=watch)
watcher.start()
print("watching", flush=True)
sys.stdin.readline()
done.set()
watcher.join()
print(",".join(map(str, sorted(modes))), flush=True)
`;

testWith("python3", "mode leaves no window with wider rights", async () => {
  for (const [mask, mode] of [[0, 0o600], [0o077, 0o660]] as const) {
    using dir = tempDir();
    const { command } = needPeer("python3");
    await using watcher = startProcess(command, { args: ["-c", WATCHER, dir.join("a")] });
    assertEquals(await watcher.readLine(), "watching");
    withUmask(mask, () => {
      for (let n = 0; n < 2000; n++) listen(dir.join("a"), { mode }).close();
    });
    await watcher.writeLine("");
    const seen = (await watcher.readLine()).split(",").filter((it) => it !== "").map(Number);
    assert(seen.length > 0, "the watcher never saw the file");
    assertEquals(seen.filter((it) => (it & ~mode) !== 0), []);
  }
});

linuxTest("backlog is how many connections wait", () => {
  for (const backlog of [0, 3]) {
    using dir = tempDir();
    using stack = new DisposableStack();
    using listener = listen(dir.join("a"), { backlog });
    const connectOneMore = () => stack.use(connectSync(dir.join("a"), { timeout: 0 }));
    for (let waiting = 0; waiting <= backlog; waiting++) connectOneMore();
    assertThrows(connectOneMore, Deno.errors.TimedOut);
    listener.acceptSync().close();
    connectOneMore();
  }
});

test("busyPoll is that of the listener, and of the sockets that it accepts", () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { busyPoll: 40 });
  using _client = connectSync(dir.join("a"));
  using server = listener.acceptSync();
  assertEquals({ listenerBusyPoll: listener.busyPoll, serverBusyPoll: server.busyPoll }, {
    listenerBusyPoll: 40,
    serverBusyPoll: 40,
  });
});

test("acceptSync() leaves O_NONBLOCK of the listener as it is", () => {
  using dir = tempDir();
  for (const nonblocking of [false, true]) {
    using listener = listen(dir.join("a"), { nonblocking });
    using _client = connectSync(dir.join("a"));
    using _server = listener.acceptSync();
    assertEquals(isNonblocking(listener.fd), nonblocking);
  }
});

test("unlinkOnClose: false leaves the file", () => {
  using dir = tempDir();
  listen(dir.join("a"), { unlinkOnClose: false }).close();
  assertEquals(namesIn(dir.path), ["a"]);
});

test("unlinkOnClose removes the file only if it is still the one that was bound", () => {
  using dir = tempDir();
  const first = listen(dir.join("a"));
  Deno.removeSync(dir.join("a"));
  using _successor = listen(dir.join("a"));
  first.close();
  assertEquals(namesIn(dir.path), ["a"]);
  connectSync(dir.join("a")).close();
});

test("unlinkOnClose finds the file although the working directory has changed", () => {
  using dir = tempDir();
  const previous = Deno.cwd();
  try {
    Deno.chdir(dir.path);
    const listener = listen("a");
    assertEquals(listener.addr.path, "a");
    Deno.chdir("/");
    listener.close();
  } finally {
    Deno.chdir(previous);
  }
  assertEquals(namesIn(dir.path), []);
});

test("a detached listener leaves its path, and so does closing an adopted one", () => {
  using dir = tempDir();
  const fd = listen(dir.join("a")).detach();
  assertEquals(namesIn(dir.path), ["a"]);
  const adopted = Listener.adopt(fd);
  connectSync(dir.join("a")).close();
  adopted.close();
  assertEquals(namesIn(dir.path), ["a"]);
});

test("disposing removes the file", () => {
  using dir = tempDir();
  {
    using _listener = listen(dir.join("a"));
  }
  assertEquals(namesIn(dir.path), []);
});

gcTest("a Listener that becomes garbage is closed, and removes its file", async () => {
  using dir = tempDir();
  (() => listen(dir.join("a")))();
  await collectUntil(() => namesIn(dir.path).length === 0);
  assertEquals(namesIn(dir.path), []);
});

test("listen() without descriptors throws EMFILE, leaves nothing, and works again", () => {
  using dir = tempDir();
  {
    using _shortage = outOfDescriptors();
    const error = assertThrows(() => listen(dir.join("a")), Error, "too many open descriptors");
    assert("code" in error && "syscall" in error);
    assertObjectMatch(error, { code: "EMFILE", syscall: "socket" });
  }
  assertEquals(namesIn(dir.path), []);
  listen(dir.join("a")).close();
});

linuxTest("listen() that fails on its way leaves neither a descriptor nor a file", () => {
  using dir = tempDir();
  // One descriptor for the socket, none to set the mode of its file through.
  using shortage = outOfDescriptors();
  shortage.free(1);
  const attempt = (): unknown => withUmask(0o077, () => listen(dir.join("a"), { mode: 0o666 }));
  const error = assertThrows(attempt, Error, "too many open descriptors");
  assertEquals("code" in error && error.code, "EMFILE");
  assertThrows(() => Deno.lstatSync(dir.join("a")), Deno.errors.NotFound);
  OwnedFd.open("/dev/null").close();
});

linuxTest("listen() makes a seqpacket listener", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { type: "seqpacket" });
  assertEquals(listener.type, "seqpacket");
  using client = connectSync(dir.join("a"), { type: "seqpacket" });
  using server = await listener.accept();
  client.writeSync(bytes("ab"));
  client.writeSync(bytes("c"));
  assertEquals(server.readSync(new Uint8Array(8)), 2);
});

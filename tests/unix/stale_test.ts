import { assert, assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { flock } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { parseAddress } from "../../lib/address/sockaddr.ts";
import { bindTo } from "../../lib/address/destination.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { replacingStale } from "../../lib/unix/stale.ts";
import { bytes, linuxTest, test } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { type LineProcess, startDeno } from "../util/process.ts";
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
    assertEquals([error.code, error.address], ["EADDRINUSE", path]);
  }
  assertEquals([identity(path), countDescriptors()], [before, open]);
}

test("replaceStale replaces a socket file that nobody answers on", () => {
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
  assertEquals(await server.read(new Uint8Array(8)), 5, "nobody connected before");
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

test("replacingStale() holds a lock on the directory meanwhile, and leaves none behind", () => {
  using dir = tempDir();
  const { LOCK_EX, LOCK_NB, EAGAIN } = platform;
  const name = parseAddress(dir.join("a"), platform);
  using other = OwnedFd.open(dir.path);
  const seen = replacingStale(name, () => flock(other.fd, LOCK_EX | LOCK_NB));
  assertEquals([seen, flock(other.fd, LOCK_EX | LOCK_NB)], [-EAGAIN, 0]);
});

test("replacingStale() passes on what fails, and gives the lock back", () => {
  using dir = tempDir();
  const name = parseAddress(dir.join("a"), platform);
  const before = countDescriptors();
  const fail = (): never => {
    throw new RangeError("no");
  };
  assertThrows(() => replacingStale(name, fail), RangeError, "no");
  assertEquals(countDescriptors(), before);
});

test("of many that start at once on a stale file, exactly one wins", async () => {
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

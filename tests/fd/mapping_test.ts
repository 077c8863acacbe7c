import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { OwnedFd, unix } from "../../mod.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, ftruncate, memfdCreate } from "../../ffi/syscalls/files.ts";
import { cString } from "../../ffi/memory.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = platform;
const linuxOnly = Deno.build.os === "linux" ? undefined : "only Linux has seals";
const test = (name: string, fn: () => void | Promise<void>): void =>
  testUnless(linuxOnly, name, noLeaks(fn));

/** A memory file that can be sealed, with the seals given. */
function sealed(seals: number, length = 3): OwnedFd {
  const { MFD_CLOEXEC, MFD_ALLOW_SEALING, F_ADD_SEALS } = platform;
  const file = OwnedFd.adopt(memfdCreate(cString("test"), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ftruncate(file.fd, length);
  fcntl(file.fd, F_ADD_SEALS, seals);
  return file;
}

const mappings = (): number =>
  Deno.readTextFileSync("/proc/self/maps").split("\n").filter((it) => it.includes("/memfd:test"))
    .length;

test("seals() lists what a file is sealed against", () => {
  const cases: [number, string[]][] = [
    [0, []],
    [F_SEAL_WRITE, ["write"]],
    [F_SEAL_SHRINK | F_SEAL_GROW, ["shrink", "grow"]],
    [F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, ["seal", "shrink", "grow", "write"]],
  ];
  for (const [bits, names] of cases) {
    using file = sealed(bits);
    assertEquals([...file.seals()], names);
  }
  using plain = OwnedFd.memfd("plain");
  assertEquals([...plain.seals()], []);
  using never = OwnedFd.memfd("never", undefined, { seal: false });
  assertEquals([...never.seals()], ["seal"]);
  using disk = OwnedFd.open(new URL(import.meta.url));
  assertEquals([...disk.seals()], []);
});

test("map() gives the content, and disposing it empties every view", () => {
  const content = crypto.getRandomValues(new Uint8Array(10_000));
  const file = OwnedFd.memfd("test", content, { seal: true });
  const before = mappings();
  const mapping = file.map();
  file.close();
  assertEquals(mapping.bytes, content);
  assertEquals(mappings(), before + 1);
  const views = [mapping.bytes, mapping.bytes.subarray(5)];
  mapping[Symbol.dispose]();
  mapping[Symbol.dispose]();
  assertEquals(mappings(), before);
  assertEquals([...views, mapping.bytes].map((it) => it.length), [0, 0, 0]);
});

test("map() keeps what is written to it to itself", () => {
  using file = OwnedFd.memfd("test", new Uint8Array([1, 2, 3]), { seal: true });
  using first = file.map();
  using second = file.map();
  first.bytes[0] = 9;
  assertEquals({ firstBytes: first.bytes[0], secondBytes: second.bytes[0] }, {
    firstBytes: 9,
    secondBytes: 1,
  });
});

test("map() leaves memory alone that was transferred elsewhere", () => {
  using file = sealed(F_SEAL_SHRINK | F_SEAL_WRITE);
  const before = mappings();
  const mapping = file.map();
  const moved = mapping.bytes.buffer.transfer();
  mapping[Symbol.dispose]();
  assertEquals({
    mappings: mappings(),
    byteLength: moved.byteLength,
    byteCount: mapping.bytes.length,
  }, { mappings: before + 1, byteLength: 3, byteCount: 0 });
});

test("map() takes an empty file", () => {
  using file = OwnedFd.memfd("test", undefined, { seal: true });
  using mapping = file.map();
  assertEquals(mapping.bytes.length, 0);
});

test("map() shares a file that cannot shrink, for reading and writing", () => {
  using file = OwnedFd.memfd("test", undefined, { size: 3, seal: ["shrink"] });
  using copy = file.dup();
  using first = file.map({ shared: true });
  using second = copy.map({ shared: true });
  first.bytes.set([1, 2, 3]);
  assertEquals(second.bytes, new Uint8Array([1, 2, 3]));
  copy.writeAtSync(new Uint8Array([9]), 1);
  assertEquals([...first.bytes], [1, 9, 3]);
  const content = new Uint8Array(3);
  assertEquals([file.readAtSync(content, 0), ...content], [3, 1, 9, 3]);
});

test("map() with shared refuses what could shrink, is sealed against writing, or not open for it", () => {
  for (
    const [bits, why] of [[0, "shrinking"], [F_SEAL_SHRINK | F_SEAL_WRITE, "writing"]] as const
  ) {
    using file = sealed(bits);
    assertThrows(() => file.map({ shared: true }), TypeError, why);
  }
  using file = sealed(F_SEAL_SHRINK);
  using reader = OwnedFd.open(`/proc/self/fd/${file.fd}`);
  assertThrows(() => reader.map({ shared: true }), Deno.errors.PermissionDenied, "open for both");
});

test("map() refuses a `shared` that is no boolean", () => {
  using file = OwnedFd.memfd("test", new Uint8Array(3), { seal: true });
  for (const wrong of [1, 0, "no", null, {}]) {
    const options = { shared: wrong as unknown as boolean };
    assertThrows(() => file.map(options), TypeError, "`shared` is ");
  }
  using mapping = file.map({ shared: false });
  assertEquals(mapping.bytes.length, 3);
});

test("map() refuses what its owner could still cut short or change", () => {
  for (const bits of [0, F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SHRINK]) {
    using file = sealed(bits);
    assertThrows(() => file.map(), TypeError, "not sealed");
  }
  for (const path of ["/dev/null", "/proc/self/exe", "."]) {
    using file = OwnedFd.open(path);
    assertThrows(() => file.map(), TypeError, "not sealed");
  }
  using sparse = sealed(F_SEAL_SHRINK | F_SEAL_WRITE, 2 ** 40);
  assertThrows(() => sparse.map(), RangeError, "at most 4294967296 fit");
  const closed = sealed(0);
  closed.close();
  assertThrows(() => closed.map(), Deno.errors.BadResource);
});

const SENDER = `
import fcntl, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
fd = os.memfd_create('python', os.MFD_ALLOW_SEALING)
os.write(fd, b'from python')
fcntl.fcntl(fd, 1033, int(sys.argv[2]))
socket.send_fds(s, [b'x'], [fd])
s.recv(1)
try:
    os.ftruncate(fd, 0); print('cut')
except PermissionError: print('sealed')
`;

testWith(
  "python3-linux",
  "map() reads what Python sealed, which cannot cut it any more",
  noLeaks(async () => {
    using dir = tempDir();
    for (
      const [bits, outcome] of [[F_SEAL_SHRINK | F_SEAL_WRITE, "sealed"], [
        F_SEAL_WRITE,
        "cut",
      ]] as const
    ) {
      const path = dir.join(outcome);
      using listener = unix.listen(path);
      await using python = startProcess("python3", { args: ["-c", SENDER, path, `${bits}`] });
      using socket = await listener.accept();
      using message = await socket.receive({ files: 1 });
      const [file] = message?.files ?? [];
      if (outcome === "cut") assertThrows(() => file?.map(), TypeError);
      using mapping = outcome === "cut" ? undefined : file?.map();
      await socket.write(new Uint8Array(1));
      assertStringIncludes(await python.readLine(), outcome);
      if (mapping) assertEquals(new TextDecoder().decode(mapping.bytes), "from python");
    }
  }),
);

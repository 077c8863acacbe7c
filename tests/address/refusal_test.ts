import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { reasonForRefusal } from "../../lib/address/refusal.ts";
import { parseAddress } from "../../lib/address/sockaddr.ts";
import { unix } from "../../mod.ts";
import { linuxTest, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const { AddrInUse, ConnectionRefused, NotFound } = Deno.errors;

linuxTest("connecting and binding to a path that is no socket says what it is", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("file"), "");
  Deno.mkdirSync(dir.join("folder"));
  new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).outputSync();
  Deno.symlinkSync("file", dir.join("link"));
  const table = [
    [dir.join("file"), "it is no socket, but a regular file"],
    [dir.join("link"), "it is no socket, but a regular file"],
    [dir.join("folder"), "it is no socket, but a directory"],
    [dir.join("fifo"), "it is no socket, but a FIFO"],
    ["/dev/null", "it is no socket, but a device"],
  ] as const;
  for (const [path, why] of table) {
    await assertRejects(() => unix.connect(path), ConnectionRefused, why);
    assertThrows(() => unix.connectSync(path), ConnectionRefused, why);
  }
  for (const name of ["file", "folder", "fifo"]) {
    for (const make of [unix.listen, unix.bind]) {
      assertThrows(() => make(dir.join(name)), AddrInUse, "choose another path");
    }
  }
  unix.listen(dir.join("stale"), { unlinkOnClose: false }).close();
  assertThrows(() => unix.listen(dir.join("stale")), AddrInUse, "`replaceStale`");
  assertThrows(() => unix.connectSync(dir.join("stale")), ConnectionRefused, "start it");
  assertThrows(() => unix.connectSync("@denet-nobody"), ConnectionRefused, "start it");
});

test("an address in the form of another program shows the right form", async () => {
  const path = 'write "/run/none/x.sock" as a path or name, new URL("unix:///run/none/x.sock")';
  const table = [
    ["unix:///run/none/x.sock", path],
    ["unix:path=/run/none/x.sock,guid=0", path],
    ["http+unix://%2Frun%2Fnone%2Fx.sock/", path],
    ["unix:runtime=yes", 'listens at "bus" in the directory that XDG_RUNTIME_DIR names'],
    ["unix:dir=/tmp", 'listens at a random name in "/tmp"'],
    ["unix:abstract=none/x", 'write "@none/x" as a path or name, new URL("unix:@none/x")'],
  ] as const;
  for (const [address, form] of table) {
    await assertRejects(() => unix.connect(address), NotFound, form);
    assertThrows(() => unix.connectSync(address, { type: "dgram" }), NotFound, form);
  }
  for (const make of [unix.listen, unix.bind]) {
    assertThrows(() => make("unix:///run/none/x.sock"), NotFound, path);
  }
});

test("an error for an ordinary path stays as it is", () => {
  const name = parseAddress("/run/none/x.sock", platform);
  for (const errno of [platform.ENOENT, platform.EACCES, platform.ECONNREFUSED]) {
    assertEquals(reasonForRefusal(errno, name), undefined);
  }
});

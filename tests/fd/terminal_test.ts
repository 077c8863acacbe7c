// A process of its own, because SIGHUP is listened for from here on.

import { assertEquals, assertThrows } from "@std/assert";
import { isatty, tcgetattr, tcsetattr } from "../../ffi/syscalls/terminal.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { hasTerminalEnded, isTerminalMaster, RawMode } from "../../lib/fd/terminal.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, linuxTest, test, text } from "../util/cases.ts";
import { openTerminal } from "../util/terminal.ts";

// Deno.open() makes a terminal the controlling one of a session's leader, as this process may be: closing it
// hangs the program up.
Deno.addSignalListener("SIGHUP", () => {});

/** The settings of a terminal, as stty(1) prints them. */
function settings(path: string): string {
  const { stdout } = new Deno.Command("stty", { args: ["-a", "-F", path] }).outputSync();
  return text(stdout);
}

linuxTest(
  "isTerminalMaster() distinguishes the two ends from each other and from anything else",
  () => {
    using terminal = openTerminal();
    using nothing = OwnedFd.open("/dev/null");
    const files = [terminal.master, terminal.slave, nothing];
    assertEquals(files.map(({ fd }) => isTerminalMaster(fd)), [true, false, false]);
    assertEquals(files.map(({ fd }) => isatty(fd)), [true, true, false]);
    assertEquals(files.map((it) => it.isTerminal()), [true, true, false]);
  },
);

linuxTest("hasTerminalEnded() is true once the other side is closed and all is read", () => {
  using terminal = openTerminal();
  const { master, slave } = terminal;
  assertEquals(hasTerminalEnded(master.fd), false);
  slave.writeSync(bytes("x"));
  slave.close();
  assertEquals(hasTerminalEnded(master.fd), false);
  master.readSync(new Uint8Array(8));
  assertEquals(hasTerminalEnded(master.fd), true);
});

linuxTest("hasTerminalEnded() is not true of a program whose terminal has gone", () => {
  using terminal = openTerminal();
  terminal.master.close();
  assertEquals(hasTerminalEnded(terminal.slave.fd), false);
  assertEquals(terminal.slave.readSync(new Uint8Array(8)), null);
});

for (const cbreak of [false, true]) {
  linuxTest(
    `RawMode does what Deno.FsFile.setRaw() does, and takes it back (cbreak: ${cbreak})`,
    () => {
      using ours = openTerminal();
      using theirs = openTerminal();
      using file = Deno.openSync(theirs.path, { read: true, write: true });
      const before = settings(ours.path);
      const mode = new RawMode();
      mode.set(ours.slave.fd, true, cbreak);
      file.setRaw(true, { cbreak });
      assertEquals(settings(ours.path), settings(theirs.path));
      mode.set(ours.slave.fd, true, !cbreak);
      mode.set(ours.slave.fd, false, false);
      assertEquals(settings(ours.path), before);
      mode.set(ours.slave.fd, false, false);
      assertEquals(settings(ours.path), before);
    },
  );
}

linuxTest("setRaw() does what Deno.FsFile.setRaw() does, whatever options are left out", () => {
  for (const options of [undefined, {}, { cbreak: undefined }, { cbreak: true }]) {
    using ours = openTerminal();
    using theirs = openTerminal();
    using file = Deno.openSync(theirs.path, { read: true, write: true });
    ours.slave.setRaw(true, options as Deno.SetRawOptions | undefined);
    file.setRaw(true, options as Deno.SetRawOptions | undefined);
    assertEquals(settings(ours.path), settings(theirs.path));
  }
});

test("RawMode says what is no terminal", () => {
  using nothing = OwnedFd.open("/dev/null");
  const error = assertThrows(
    () => new RawMode().set(nothing.fd, true, false),
    Error,
    "no terminal",
  );
  assertEquals("code" in error && error.code, "ENOTTY");
});

test("tcgetattr() and tcsetattr() return an error number for what is no terminal", () => {
  using nothing = OwnedFd.open("/dev/null");
  const termios = new Uint8Array(platform.termios.size);
  assertEquals(tcgetattr(-1, termios), -platform.EBADF);
  assertEquals(tcsetattr(-1, platform.TCSADRAIN, termios), -platform.EBADF);
  assertEquals(isatty(nothing.fd), false);
  assertEquals(isatty(-1), false);
});

linuxTest("raw mode reads single characters without a delay, whatever was set before", () => {
  using terminal = openTerminal();
  const { path, slave } = terminal;
  new Deno.Command("stty", { args: ["-F", path, "-icanon", "min", "3", "time", "7"] }).outputSync();
  assertEquals(/min = 3; time = 7/.test(settings(path)), true);
  slave.setRaw(true);
  assertEquals(/min = 1; time = 0/.test(settings(path)), true, settings(path));
  slave.setRaw(false);
  assertEquals(/min = 3; time = 7/.test(settings(path)), true);
});

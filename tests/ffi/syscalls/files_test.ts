import { assertEquals } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import {
  closeFd,
  closeOnExec,
  fcntl,
  getcwd,
  nonblocking,
  setCloseOnExec,
  setNonblocking,
} from "../../../ffi/syscalls/files.ts";
import { socket } from "../../../ffi/syscalls/sockets.ts";
import { linuxTest, test } from "../../util/cases.ts";
import { tempDir } from "../../util/tempdir.ts";

const { EBADF, F_GETFL, F_SETFL, O_APPEND, SOCK_STREAM } = platform;

test("closeOnExec() and setCloseOnExec() read and set FD_CLOEXEC", () => {
  const fd = socket(SOCK_STREAM, { cloexec: true, nonblocking: false });
  assertEquals(closeOnExec(fd), 1);
  assertEquals({ setCloseOnExec: setCloseOnExec(fd, false), closeOnExec: closeOnExec(fd) }, {
    setCloseOnExec: 0,
    closeOnExec: 0,
  });
  assertEquals({ setCloseOnExec: setCloseOnExec(fd, true), closeOnExec: closeOnExec(fd) }, {
    setCloseOnExec: 0,
    closeOnExec: 1,
  });
  closeFd(fd);
  assertEquals({ closeOnExec: closeOnExec(-1), setCloseOnExec: setCloseOnExec(-1, true) }, {
    closeOnExec: -EBADF,
    setCloseOnExec: -EBADF,
  });
});

test("nonblocking() and setNonblocking() read and set O_NONBLOCK alone", () => {
  const fd = socket(SOCK_STREAM, { cloexec: true, nonblocking: true });
  assertEquals(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_APPEND), 0);
  assertEquals(nonblocking(fd), 1);
  assertEquals({ setNonblocking: setNonblocking(fd, false), nonblocking: nonblocking(fd) }, {
    setNonblocking: 0,
    nonblocking: 0,
  });
  assertEquals({ setNonblocking: setNonblocking(fd, true), nonblocking: nonblocking(fd) }, {
    setNonblocking: 0,
    nonblocking: 1,
  });
  assertEquals(fcntl(fd, F_GETFL, 0) & O_APPEND, O_APPEND);
  closeFd(fd);
  assertEquals({ nonblocking: nonblocking(-1), setNonblocking: setNonblocking(-1, true) }, {
    nonblocking: -EBADF,
    setNonblocking: -EBADF,
  });
});

linuxTest("getcwd() gives the longest path that there is", () => {
  using dir = tempDir();
  const before = Deno.cwd();
  const start = Deno.realPathSync(dir.path);
  const rest = 4095 - start.length;
  const path = `${start}/${"d".repeat(99 + rest % 100)}` +
    `/${"d".repeat(99)}`.repeat(Math.floor(rest / 100) - 1);
  Deno.mkdirSync(path, { recursive: true });
  Deno.chdir(path);
  try {
    const found = getcwd();
    assertEquals(typeof found === "number" ? found : new TextDecoder().decode(found), path);
  } finally {
    Deno.chdir(before);
  }
});

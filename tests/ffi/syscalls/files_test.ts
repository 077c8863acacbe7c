import { assertEquals } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import {
  closeFd,
  closeOnExec,
  fcntl,
  nonblocking,
  setCloseOnExec,
  setNonblocking,
} from "../../../ffi/syscalls/files.ts";
import { socket } from "../../../ffi/syscalls/sockets.ts";
import { test } from "../../util/cases.ts";

const { EBADF, F_GETFL, F_SETFL, O_APPEND, SOCK_STREAM } = platform;

test("closeOnExec() and setCloseOnExec() read and set FD_CLOEXEC", () => {
  const fd = socket(SOCK_STREAM, { cloexec: true, nonblocking: false });
  assertEquals(closeOnExec(fd), 1);
  assertEquals([setCloseOnExec(fd, false), closeOnExec(fd)], [0, 0]);
  assertEquals([setCloseOnExec(fd, true), closeOnExec(fd)], [0, 1]);
  closeFd(fd);
  assertEquals([closeOnExec(-1), setCloseOnExec(-1, true)], [-EBADF, -EBADF]);
});

test("nonblocking() and setNonblocking() read and set O_NONBLOCK alone", () => {
  const fd = socket(SOCK_STREAM, { cloexec: true, nonblocking: true });
  assertEquals(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_APPEND), 0);
  assertEquals(nonblocking(fd), 1);
  assertEquals([setNonblocking(fd, false), nonblocking(fd)], [0, 0]);
  assertEquals([setNonblocking(fd, true), nonblocking(fd)], [0, 1]);
  assertEquals(fcntl(fd, F_GETFL, 0) & O_APPEND, O_APPEND);
  closeFd(fd);
  assertEquals([nonblocking(-1), setNonblocking(-1, true)], [-EBADF, -EBADF]);
});

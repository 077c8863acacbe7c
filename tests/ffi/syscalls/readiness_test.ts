import { assert, assertEquals } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import { closeFd, fcntl, read, write } from "../../../ffi/syscalls/files.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epollControl,
  epollCreate,
  epollPoll,
  epollWaitInPool,
  eventfd,
  pipe,
  pollMany,
  pollWaitInPool,
} from "../../../ffi/syscalls/readiness.ts";
import { linuxTest, test } from "../../util/cases.ts";

const { EBADF, FD_CLOEXEC, F_GETFD, F_GETFL, O_NONBLOCK, POLLIN } = platform;

/** The ends of a pipe, closed at the end of the scope. */
function ends(): Disposable & { reading: number; writing: number } {
  const made = pipe();
  assert(typeof made !== "number");
  const [reading, writing] = made;
  return { reading, writing, [Symbol.dispose]: () => made.forEach(closeFd) };
}

test("pipe() makes two ends, close-on-exec and non-blocking", () => {
  using made = ends();
  for (const fd of [made.reading, made.writing]) {
    assertEquals(fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    assertEquals(fcntl(fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
  }
  assertEquals(write(made.writing, new Uint8Array([1, 2])), 2);
  assertEquals(read(made.reading, new Uint8Array(8)), 2);
});

linuxTest("eventfd() is close-on-exec and non-blocking", () => {
  const fd = eventfd();
  assertEquals(fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
  assertEquals(read(fd, new Uint8Array(8)), -platform.EAGAIN);
  closeFd(fd);
});

/** A `struct pollfd` for reading. */
function pollfd(fd: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(platform.pollfd.size);
  const view = new DataView(bytes.buffer);
  view.setInt32(platform.pollfd.fd[0], fd, true);
  view.setInt16(platform.pollfd.events[0], POLLIN, true);
  return bytes;
}

test("pollMany() and pollWaitInPool() count what is ready", async () => {
  using made = ends();
  assertEquals(pollMany(pollfd(made.reading), 1), 0);
  assertEquals(await pollWaitInPool(pollfd(made.reading), 1, 1), 0);
  write(made.writing, new Uint8Array(1));
  assertEquals(pollMany(pollfd(made.reading), 1), 1);
  assertEquals(await pollWaitInPool(pollfd(made.reading), 1, -1), 1);
});

linuxTest("epollPoll() and epollWaitInPool() count what is ready", async () => {
  using made = ends();
  const epoll = epollCreate();
  assertEquals(fcntl(epoll, F_GETFD, 0), FD_CLOEXEC);
  const event = new Uint8Array(platform.epoll_event.size);
  event[platform.epoll_event.events[0]] = POLLIN;
  const found = new Uint8Array(platform.epoll_event.size);
  assertEquals(epollControl(epoll, EPOLL_CTL_ADD, made.reading, event), 0);
  assertEquals(epollPoll(epoll, found, 1), 0);
  write(made.writing, new Uint8Array(1));
  assertEquals({
    epollPoll: epollPoll(epoll, found, 1),
    epollWaitInPool: await epollWaitInPool(epoll, found, 1, -1),
  }, { epollPoll: 1, epollWaitInPool: 1 });
  assertEquals(epollControl(epoll, EPOLL_CTL_DEL, made.reading, event), 0);
  assertEquals(epollPoll(epoll, found, 1), 0);
  assertEquals(epollControl(epoll, EPOLL_CTL_ADD, -1, event), -EBADF);
  closeFd(epoll);
});

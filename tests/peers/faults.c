/*
 * The C library as the module sees it, with faults: each function below stands for the one after
 * "fault_", counts its calls, and fails when the control block says so. Everything else, Deno itself
 * included, goes on using the C library.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CALLS(_)                                                                                   \
  _(socket) _(socketpair) _(bind) _(connect) _(listen) _(accept) _(accept4) _(getsockname)         \
  _(getpeername) _(send) _(recv) _(sendmsg) _(recvmsg) _(shutdown) _(getsockopt) _(setsockopt)     \
  _(close) _(fcntl) _(ioctl) _(open) _(read) _(write) _(statx) _(fchmod) _(chmod) _(unlink)        \
  _(rename) _(link) _(readlink) _(getcwd) _(flock) _(ftruncate) _(lseek) _(memfd_create) _(poll) _(pipe)     \
  _(eventfd) _(epoll_create1) _(epoll_ctl) _(epoll_wait) _(mmap) _(munmap) _(io_uring_setup)       \
  _(io_uring_enter) _(io_uring_register) _(io_setup) _(io_destroy) _(io_submit) _(preadv2)         \
  _(pwritev2) _(pread) _(pwrite) _(fsync) _(fdatasync) _(futimens) _(tcgetattr) _(tcsetattr) _(pipe2)

#define INDEX(name) CALL_##name,
enum call { CALLS(INDEX) NUMBER_OF_CALLS };

#define NAME(name) #name " "
static const char names[] = CALLS(NAME);

#define STRING(name) #name,
static const char *const strings[] = {CALLS(STRING)};

/* What to do, and what was done. A test writes and reads it through a view. */
struct control {
  _Atomic int call;     /* which function, -1 for none */
  _Atomic int when;     /* from which of its calls on, counted from 1 */
  _Atomic int times;    /* how many calls in a row */
  _Atomic int error;    /* the error number; negated: the number of bytes to transfer at most */
  _Atomic int injected; /* how many faults there were */
  _Atomic int traced;   /* how many bytes of the trace are in use */
  _Atomic int counts[NUMBER_OF_CALLS];
};
static struct control control = {.call = -1};

/* All calls in order, a line each: the function and what it works on, where that is known. */
static char trace[1 << 16];

const char *fault_names(void) { return names; }
struct control *fault_control(void) { return &control; }
const char *fault_trace(void) { return trace; }

/* What the next call of this thread works on: a path, or the numbers of a command or an option. */
static _Thread_local char subject[512];

static void about_path(const char *path) { snprintf(subject, sizeof subject, "%s", path); }
static void about_option(int name) { snprintf(subject, sizeof subject, "%d", name); }
static void about_command(int command, long argument) {
  snprintf(subject, sizeof subject, "%d %ld", command, argument);
}

static void add_to_trace(enum call call) {
  char line[600];
  int length = snprintf(line, sizeof line, "%s %s\n", strings[call], subject);
  subject[0] = 0;
  int at = atomic_fetch_add(&control.traced, length);
  if (at + length <= (int)sizeof trace) memcpy(trace + at, line, length);
}

/* The fault for this call, 0 for none. */
static int fault(enum call call) {
  add_to_trace(call);
  int count = atomic_fetch_add(&control.counts[call], 1) + 1;
  if (atomic_load(&control.call) != (int)call) return 0;
  int when = atomic_load(&control.when);
  if (count < when || count >= when + atomic_load(&control.times)) return 0;
  atomic_fetch_add(&control.injected, 1);
  return atomic_load(&control.error);
}

/* For calls that have done nothing when they fail. */
#define FAIL(name)                                                                                 \
  do {                                                                                             \
    int error = fault(CALL_##name);                                                                \
    if (error > 0) return errno = error, -1;                                                       \
  } while (0)

/* For calls that transfer bytes, and may transfer fewer than asked for. */
#define FAIL_OR_SHORTEN(name, length)                                                              \
  do {                                                                                             \
    int error = fault(CALL_##name);                                                                \
    if (error > 0) return errno = error, -1;                                                       \
    if (error < 0 && length > (size_t)-error) length = (size_t)-error;                             \
  } while (0)

/* For calls that have taken effect although they fail: on Linux the descriptor is gone. */
#define FAIL_AFTERWARDS(name, call)                                                                \
  do {                                                                                             \
    int error = fault(CALL_##name), result = call;                                                 \
    if (error > 0) return errno = error, -1;                                                       \
    return result;                                                                                 \
  } while (0)

int *fault___errno_location(void) { return &errno; }
void *fault_memcpy(void *to, const void *from, size_t n) { return memcpy(to, from, n); }
void *fault_memset(void *s, int c, size_t n) { return n == 0 ? s : memset(s, c, n); }
int fault_clock_gettime(clockid_t clock, struct timespec *time) {
  return clock_gettime(clock, time);
}
int fault_sched_yield(void) { return sched_yield(); }
void *fault_calloc(size_t count, size_t size) { return calloc(count, size); }
int fault_dirfd(DIR *directory) { return dirfd(directory); }
void *fault_dlsym(void *handle, const char *symbol) { return dlsym(handle, symbol); }
int __cxa_thread_atexit_impl(void *destructor, void *object, void *dso_symbol);
int fault___cxa_thread_atexit_impl(void *destructor, void *object, void *dso_symbol) {
  return __cxa_thread_atexit_impl(destructor, object, dso_symbol);
}
uid_t fault_getuid(void) { return getuid(); }

int fault_socket(int domain, int type, int protocol) {
  FAIL(socket);
  return socket(domain, type, protocol);
}
int fault_socketpair(int domain, int type, int protocol, int sv[2]) {
  FAIL(socketpair);
  return socketpair(domain, type, protocol, sv);
}
int fault_bind(int fd, const struct sockaddr *address, socklen_t length) {
  FAIL(bind);
  return bind(fd, address, length);
}
int fault_connect(int fd, const struct sockaddr *address, socklen_t length) {
  FAIL(connect);
  return connect(fd, address, length);
}
int fault_listen(int fd, int backlog) {
  FAIL(listen);
  return listen(fd, backlog);
}
int fault_accept(int fd, struct sockaddr *address, socklen_t *length) {
  FAIL(accept);
  return accept(fd, address, length);
}
int fault_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  FAIL(accept4);
  return accept4(fd, address, length, flags);
}
int fault_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  FAIL(getsockname);
  return getsockname(fd, address, length);
}
int fault_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  FAIL(getpeername);
  return getpeername(fd, address, length);
}
ssize_t fault_send(int fd, const void *bytes, size_t length, int flags) {
  FAIL_OR_SHORTEN(send, length);
  return send(fd, bytes, length, flags);
}
ssize_t fault_recv(int fd, void *bytes, size_t length, int flags) {
  FAIL_OR_SHORTEN(recv, length);
  return recv(fd, bytes, length, flags);
}

/* The header with at most `limit` bytes in its vectors. */
static struct msghdr shortened(const struct msghdr *header, struct iovec *one, size_t limit) {
  struct msghdr copy = *header;
  size_t i = 0;
  while (i < header->msg_iovlen && header->msg_iov[i].iov_len == 0) i++;
  if (i == header->msg_iovlen) return copy;
  *one = header->msg_iov[i];
  if (one->iov_len > limit) one->iov_len = limit;
  copy.msg_iov = one;
  copy.msg_iovlen = 1;
  return copy;
}

ssize_t fault_sendmsg(int fd, const struct msghdr *header, int flags) {
  int error = fault(CALL_sendmsg);
  if (error > 0) return errno = error, -1;
  if (error == 0) return sendmsg(fd, header, flags);
  struct iovec one;
  struct msghdr copy = shortened(header, &one, (size_t)-error);
  return sendmsg(fd, &copy, flags);
}
ssize_t fault_recvmsg(int fd, struct msghdr *header, int flags) {
  int error = fault(CALL_recvmsg);
  if (error > 0) return errno = error, -1;
  if (error == 0) return recvmsg(fd, header, flags);
  struct iovec one;
  struct msghdr copy = shortened(header, &one, (size_t)-error);
  ssize_t result = recvmsg(fd, &copy, flags);
  header->msg_namelen = copy.msg_namelen;
  header->msg_controllen = copy.msg_controllen;
  header->msg_flags = copy.msg_flags;
  return result;
}
int fault_shutdown(int fd, int how) {
  FAIL(shutdown);
  return shutdown(fd, how);
}
int fault_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  about_option(name);
  FAIL(getsockopt);
  return getsockopt(fd, level, name, value, length);
}
int fault_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  about_option(name);
  FAIL(setsockopt);
  return setsockopt(fd, level, name, value, length);
}

int fault_close(int fd) { FAIL_AFTERWARDS(close, close(fd)); }
int fault_fcntl(int fd, int command, long argument) {
  about_command(command, argument);
  FAIL(fcntl);
  return fcntl(fd, command, argument);
}
int fault_ioctl(int fd, unsigned long request, void *argument) {
  FAIL(ioctl);
  return ioctl(fd, request, argument);
}
int fault_open(const char *path, int flags, unsigned mode) {
  about_path(path);
  FAIL(open);
  return open(path, flags, mode);
}
ssize_t fault_read(int fd, void *bytes, size_t length) {
  FAIL_OR_SHORTEN(read, length);
  return read(fd, bytes, length);
}

/* An eventfd wakes the reactor, at any time: its counter has space, so that the write never fails. */
static int is_eventfd(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && (file.st_mode & S_IFMT) == 0;
}

ssize_t fault_write(int fd, const void *bytes, size_t length) {
  if (is_eventfd(fd)) return write(fd, bytes, length);
  FAIL_OR_SHORTEN(write, length);
  return write(fd, bytes, length);
}
ssize_t fault_preadv2(int fd, const struct iovec *vectors, int count, off_t offset, int flags) {
  FAIL(preadv2);
  return preadv2(fd, vectors, count, offset, flags);
}
ssize_t fault_pwritev2(int fd, const struct iovec *vectors, int count, off_t offset, int flags) {
  FAIL(pwritev2);
  return pwritev2(fd, vectors, count, offset, flags);
}
ssize_t fault_pread(int fd, void *bytes, size_t length, off_t offset) {
  FAIL_OR_SHORTEN(pread, length);
  return pread(fd, bytes, length, offset);
}
ssize_t fault_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  FAIL_OR_SHORTEN(pwrite, length);
  return pwrite(fd, bytes, length, offset);
}
int fault_fsync(int fd) {
  FAIL(fsync);
  return fsync(fd);
}
int fault_fdatasync(int fd) {
  FAIL(fdatasync);
  return fdatasync(fd);
}
int fault_futimens(int fd, const struct timespec times[2]) {
  FAIL(futimens);
  return futimens(fd, times);
}
int fault_isatty(int fd) { return isatty(fd); }
int fault_tcgetattr(int fd, struct termios *settings) {
  FAIL(tcgetattr);
  return tcgetattr(fd, settings);
}
int fault_tcsetattr(int fd, int actions, const struct termios *settings) {
  FAIL(tcsetattr);
  return tcsetattr(fd, actions, settings);
}
int fault_statx(int directory, const char *path, int flags, unsigned mask, struct statx *result) {
  about_path(path);
  FAIL(statx);
  return statx(directory, path, flags, mask, result);
}
int fault_fchmod(int fd, mode_t mode) {
  FAIL(fchmod);
  return fchmod(fd, mode);
}
int fault_chmod(const char *path, mode_t mode) {
  FAIL(chmod);
  return chmod(path, mode);
}
int fault_unlink(const char *path) {
  FAIL(unlink);
  return unlink(path);
}
int fault_rename(const char *from, const char *to) {
  FAIL(rename);
  return rename(from, to);
}
int fault_link(const char *from, const char *to) {
  FAIL(link);
  return link(from, to);
}
ssize_t fault_readlink(const char *path, char *buffer, size_t size) {
  FAIL(readlink);
  return readlink(path, buffer, size);
}
char *fault_getcwd(char *buffer, size_t size) {
  int error = fault(CALL_getcwd);
  if (error > 0) return errno = error, NULL;
  return getcwd(buffer, size);
}
int fault_flock(int fd, int operation) {
  FAIL(flock);
  return flock(fd, operation);
}
int fault_ftruncate(int fd, off_t length) {
  FAIL(ftruncate);
  return ftruncate(fd, length);
}
off_t fault_lseek(int fd, off_t offset, int whence) {
  FAIL(lseek);
  return lseek(fd, offset, whence);
}
int fault_memfd_create(const char *name, unsigned flags) {
  FAIL(memfd_create);
  return memfd_create(name, flags);
}

int fault_poll(struct pollfd *fds, nfds_t count, int timeout) {
  FAIL(poll);
  return poll(fds, count, timeout);
}
int fault_pipe2(int ends[2], int flags) {
  FAIL(pipe2);
  return pipe2(ends, flags);
}
int fault_pipe(int ends[2]) {
  FAIL(pipe);
  return pipe(ends);
}
int fault_eventfd(unsigned value, int flags) {
  FAIL(eventfd);
  return eventfd(value, flags);
}
int fault_epoll_create1(int flags) {
  FAIL(epoll_create1);
  return epoll_create1(flags);
}
int fault_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  FAIL(epoll_ctl);
  return epoll_ctl(epoll, operation, fd, event);
}
int fault_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout) {
  FAIL(epoll_wait);
  return epoll_wait(epoll, events, capacity, timeout);
}

void *fault_mmap(void *address, size_t length, int access, int flags, int fd, off_t offset) {
  int error = fault(CALL_mmap);
  if (error > 0) return errno = error, MAP_FAILED;
  return mmap(address, length, access, flags, fd, offset);
}
int fault_munmap(void *address, size_t length) { FAIL_AFTERWARDS(munmap, munmap(address, length)); }

/* The calls for which the C library has no function. */
static int call_of(long number) {
  switch (number) {
    case SYS_io_uring_setup: return CALL_io_uring_setup;
    case SYS_io_uring_enter: return CALL_io_uring_enter;
    case SYS_io_uring_register: return CALL_io_uring_register;
    case SYS_io_setup: return CALL_io_setup;
    case SYS_io_destroy: return CALL_io_destroy;
    case SYS_io_submit: return CALL_io_submit;
    default: return -1;
  }
}

static void *destroy_context(void *context) {
  syscall(SYS_io_destroy, context);
  return NULL;
}

/* It sleeps for some periods of the scheduler: a thousand tests need not wait for that. */
static long destroy_later(long context) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, destroy_context, (void *)context) != 0) {
    return syscall(SYS_io_destroy, context);
  }
  pthread_detach(thread);
  return 0;
}

long fault_syscall(long number, long a, long b, long c, long d, long e, long f) {
  int call = call_of(number);
  if (call >= 0) {
    int error = fault((enum call)call);
    if (call == CALL_io_destroy) destroy_later(a);
    if (error > 0) return errno = error, -1;
    if (call == CALL_io_destroy) return 0;
  }
  return syscall(number, a, b, c, d, e, f);
}

/**
 * The C functions this module calls: data only. The C declaration stands beside each entry, and the
 * widths are the true ones: `isize` for `ssize_t`, `usize` for `size_t`, `u32` for `socklen_t`.
 *
 * A function that not every supported system has is `optional`: it is `null` where it is missing.
 * `fcntl`, `ioctl` and `open` are variadic: Apple's arm64 passes what stands in the place of `...` on
 * the stack, so each has a second entry, with six unused arguments that fill the remaining registers.
 *
 * @module
 */

/** The table given to `Deno.dlopen`. */
export const symbols = {
  // int *__errno_location(void);   glibc, musl
  __errno_location: { parameters: [], result: "pointer", optional: true },
  // int *__error(void);   macOS
  __error: { parameters: [], result: "pointer", optional: true },
  // void *memset(void *s, int c, size_t n);   returns its first argument: so it gives an address
  memset: { parameters: ["buffer", "i32", "usize"], result: "usize" },
  // void *memcpy(void *dest, const void *src, size_t n);   reads memory without a view of it
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },

  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int socketpair(int domain, int type, int protocol, int sv[2]);
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int sockfd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
  accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags);   Linux
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32", optional: true },
  // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getpeername(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // ssize_t sendmsg(int sockfd, const struct msghdr *msg, int flags);   its address, as a number
  sendmsg: { parameters: ["i32", "usize", "i32"], result: "isize" },
  // ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags);   its address, as a number
  recvmsg: { parameters: ["i32", "usize", "i32"], result: "isize" },
  // int shutdown(int sockfd, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },

  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int fcntl(int fd, int cmd, ...);
  fcntl: { parameters: ["i32", "i32", "isize"], result: "i32" },
  fcntlOnStack: {
    name: "fcntl",
    parameters: ["i32", "i32", "usize", "usize", "usize", "usize", "usize", "usize", "isize"],
    result: "i32",
  },
  // int ioctl(int fd, unsigned long request, ...);
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  ioctlOnStack: {
    name: "ioctl",
    parameters: ["i32", "usize", "usize", "usize", "usize", "usize", "usize", "usize", "buffer"],
    result: "i32",
  },
  // int open(const char *path, int flags, ...);
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  openOnStack: {
    name: "open",
    parameters: ["buffer", "i32", "usize", "usize", "usize", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  readInPool: {
    name: "read",
    parameters: ["i32", "buffer", "usize"],
    result: "isize",
    nonblocking: true,
  },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  writeInPool: {
    name: "write",
    parameters: ["i32", "buffer", "usize"],
    result: "isize",
    nonblocking: true,
  },
  // ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);   Linux
  preadv2: {
    parameters: ["i32", "buffer", "i32", "i64", "i32"],
    result: "isize",
    optional: true,
  },
  // ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags);   Linux
  pwritev2: {
    parameters: ["i32", "buffer", "i32", "i64", "i32"],
    result: "isize",
    optional: true,
  },
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset);
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  preadInPool: {
    name: "pread",
    parameters: ["i32", "buffer", "usize", "i64"],
    result: "isize",
    nonblocking: true,
  },
  // ssize_t pwrite(int fd, const void *buf, size_t count, off_t offset);
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  pwriteInPool: {
    name: "pwrite",
    parameters: ["i32", "buffer", "usize", "i64"],
    result: "isize",
    nonblocking: true,
  },
  // int fsync(int fd);
  fsync: { parameters: ["i32"], result: "i32" },
  fsyncInPool: { name: "fsync", parameters: ["i32"], result: "i32", nonblocking: true },
  // int fdatasync(int fd);   Linux
  fdatasync: { parameters: ["i32"], result: "i32", optional: true },
  fdatasyncInPool: {
    name: "fdatasync",
    parameters: ["i32"],
    result: "i32",
    nonblocking: true,
    optional: true,
  },
  // int futimens(int fd, const struct timespec times[2]);
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  // int isatty(int fd);
  isatty: { parameters: ["i32"], result: "i32" },
  // int tcgetattr(int fd, struct termios *termios_p);
  tcgetattr: { parameters: ["i32", "buffer"], result: "i32" },
  // int tcsetattr(int fd, int optional_actions, const struct termios *termios_p);
  tcsetattr: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  // int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buf);   Linux
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32", optional: true },
  // int fstat(int fd, struct stat *buf);   elsewhere; x86-64 macOS keeps the 64-bit form under a name of its own
  fstat: { parameters: ["i32", "buffer"], result: "i32", optional: true },
  fstat64: {
    name: "fstat$INODE64",
    parameters: ["i32", "buffer"],
    result: "i32",
    optional: true,
  },
  // int lstat(const char *path, struct stat *buf);
  lstat: { parameters: ["buffer", "buffer"], result: "i32", optional: true },
  lstat64: {
    name: "lstat$INODE64",
    parameters: ["buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  // int fchmod(int fd, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int chmod(const char *path, mode_t mode);
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  // int unlink(const char *path);
  unlink: { parameters: ["buffer"], result: "i32" },
  // int rename(const char *oldpath, const char *newpath);
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  // int link(const char *oldpath, const char *newpath);
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  // ssize_t readlink(const char *path, char *buf, size_t bufsiz);
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  // char *getcwd(char *buf, size_t size);
  getcwd: { parameters: ["buffer", "usize"], result: "usize" },
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // int ftruncate(int fd, off_t length);
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  ftruncateInPool: {
    name: "ftruncate",
    parameters: ["i32", "i64"],
    result: "i32",
    nonblocking: true,
  },
  // off_t lseek(int fd, off_t offset, int whence);
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int memfd_create(const char *name, unsigned int flags);   Linux
  memfd_create: { parameters: ["buffer", "u32"], result: "i32", optional: true },

  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);   nfds_t: unsigned long (Linux), unsigned int (macOS)
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  pollInPool: {
    name: "poll",
    parameters: ["buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // int pipe2(int pipefd[2], int flags);   Linux
  pipe2: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  // int pipe(int pipefd[2]);
  pipe: { parameters: ["buffer"], result: "i32" },
  // int eventfd(unsigned int initval, int flags);   Linux
  eventfd: { parameters: ["u32", "i32"], result: "i32", optional: true },
  // int epoll_create1(int flags);   Linux
  epoll_create1: { parameters: ["i32"], result: "i32", optional: true },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);   Linux
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32", optional: true },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);   Linux
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", optional: true },
  epollWaitInPool: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
    optional: true,
  },

  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length);
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // long syscall(long number, ...);   Linux; variadic arguments travel like others there
  // int io_uring_setup(unsigned entries, struct io_uring_params *p);
  io_uring_setup: {
    name: "syscall",
    parameters: ["isize", "u32", "buffer"],
    result: "isize",
    optional: true,
  },
  // int io_uring_enter(unsigned fd, unsigned to_submit, unsigned min_complete, unsigned flags, sigset_t *, size_t);
  io_uring_enter: {
    name: "syscall",
    parameters: ["isize", "i32", "u32", "u32", "u32", "pointer", "usize"],
    result: "isize",
    optional: true,
  },
  // int io_uring_register(unsigned fd, unsigned opcode, void *arg, unsigned nr_args);
  io_uring_register: {
    name: "syscall",
    parameters: ["isize", "i32", "u32", "buffer", "u32"],
    result: "isize",
    optional: true,
  },
  // int io_setup(unsigned nr_events, aio_context_t *ctx_idp);
  io_setup: {
    name: "syscall",
    parameters: ["isize", "u32", "buffer"],
    result: "isize",
    optional: true,
  },
  // int io_destroy(aio_context_t ctx_id);
  io_destroy: { name: "syscall", parameters: ["isize", "usize"], result: "isize", optional: true },
  // int io_submit(aio_context_t ctx_id, long nr, struct iocb **iocbpp);
  io_submit: {
    name: "syscall",
    parameters: ["isize", "usize", "isize", "buffer"],
    result: "isize",
    optional: true,
  },

  // void *dlsym(void *handle, const char *symbol);   Linux
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer", optional: true },
  // int __cxa_thread_atexit_impl(void *destructor, void *object, void *dso_symbol);   glibc, for thread_local in C++
  __cxa_thread_atexit_impl: {
    parameters: ["pointer", "pointer", "pointer"],
    result: "i32",
    optional: true,
  },
  // void *calloc(size_t nmemb, size_t size);
  calloc: { parameters: ["usize", "usize"], result: "pointer" },
  // int dirfd(DIR *dirp);
  dirfd: { parameters: ["pointer"], result: "i32", optional: true },
  // int sched_yield(void);
  sched_yield: { parameters: [], result: "i32" },

  // int clock_gettime(clockid_t clk_id, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // uid_t getuid(void);
  getuid: { parameters: [], result: "u32" },
} as const satisfies Deno.ForeignLibraryInterface;

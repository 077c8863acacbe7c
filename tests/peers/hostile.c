/*
 * A hostile sender: hostile PATH TYPE SEED ROUNDS
 *
 * Connects to PATH and tries ROUNDS messages whose control data is malformed, truncated, oversized, in odd
 * order or split, and some that are as they should be. The data can be checked: byte i of a stream is
 * f(i); a message starts with its number, and byte i after that is f(i + number). Each descriptor that is
 * passed on purpose is a memory file whose size is the number of the pass. At the end it prints how many
 * messages and bytes the kernel took, and how many messages it refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_DATA 5000
#define LAST 0x80 /* marks the number of the message that ends a sequence of datagrams */
#define MAX_CONTROL 8192
#define MAX_OPEN 256

static uint32_t state;

static uint32_t word(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static uint32_t below(uint32_t limit) {
  return word() % limit;
}

static unsigned char f(uint64_t i) {
  return (unsigned char)(i * 31 + (i >> 8) * 7);
}

static struct {
  unsigned char bytes[MAX_CONTROL];
  size_t used;
} control;

static int open_files[MAX_OPEN];
static size_t open_count;
static uint64_t passes;

static int numbered_file(void) {
  int fd = memfd_create("hostile", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)++passes) < 0) {
    perror("memfd_create");
    exit(1);
  }
  open_files[open_count++] = fd;
  return fd;
}

/* Add a control message that claims a length of its own. */
static void add_claiming(int level, int type, const void *payload, size_t length, size_t claimed) {
  struct cmsghdr header = {.cmsg_len = claimed, .cmsg_level = level, .cmsg_type = type};
  if (control.used + CMSG_SPACE(length) > sizeof control.bytes) return;
  memcpy(control.bytes + control.used, &header, sizeof header);
  if (length > 0) memcpy(control.bytes + control.used + CMSG_LEN(0), payload, length);
  control.used += CMSG_SPACE(length);
}

static void add(int level, int type, const void *payload, size_t length) {
  add_claiming(level, type, payload, length, CMSG_LEN(length));
}

static void add_files(size_t count) {
  int fds[MAX_OPEN];
  if (open_count + count > MAX_OPEN) count = MAX_OPEN - open_count;
  for (size_t i = 0; i < count; i++) fds[i] = numbered_file();
  add(SOL_SOCKET, SCM_RIGHTS, fds, count * sizeof(int));
}

static void add_credentials(void) {
  struct ucred credentials = {getpid(), getuid(), getgid()};
  if (below(4) == 0) credentials.pid = (pid_t)word();
  if (below(4) == 0) credentials.uid = word();
  add(SOL_SOCKET, SCM_CREDENTIALS, &credentials, sizeof credentials);
}

/* What a well-meaning sender would do. */
static void plain_files(void) {
  add_files(below(10) == 0 ? below(40) : below(4));
}

/* As many as can be passed, one more, or none. */
static void many_files(void) {
  size_t counts[] = {253, 254, 252, 0, 64};
  add_files(counts[below(5)]);
}

/* Descriptors in several control messages of one message, credentials between them or not. */
static void split_files(void) {
  for (uint32_t i = 0, n = 1 + below(4); i < n; i++) {
    if (below(3) == 0) add_credentials();
    add_files(below(4));
  }
}

/* The same file again and again. */
static void repeated_files(void) {
  int fds[16], fd = numbered_file();
  for (size_t i = 0; i < 16; i++) fds[i] = fd;
  add(SOL_SOCKET, SCM_RIGHTS, fds, (1 + below(16)) * sizeof(int));
}

/* Numbers that are no descriptors, or the standard streams. */
static void wild_numbers(void) {
  int numbers[8];
  for (size_t i = 0; i < 8; i++) numbers[i] = below(2) ? (int)below(12) : (int)word();
  add(SOL_SOCKET, SCM_RIGHTS, numbers, (1 + below(8)) * sizeof(int));
}

/* A payload that is not a whole number of descriptors. */
static void odd_payload(void) {
  int fds[4];
  for (size_t i = 0; i < 4; i++) fds[i] = numbered_file();
  add(SOL_SOCKET, SCM_RIGHTS, fds, 1 + below(15));
}

/* A length that is not true. */
static void false_length(void) {
  size_t lengths[] = {0, 1, 8, 12, 15, 16, 17, 19, 20, 21, 23, 24, 28, 31, 100, 4096, MAX_CONTROL + 1,
                      0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffffffffff0, 0xffffffffffffffff};
  int fds[3];
  for (size_t i = 0; i < 3; i++) fds[i] = numbered_file();
  if (below(2)) add_files(1);
  add_claiming(SOL_SOCKET, SCM_RIGHTS, fds, sizeof fds, lengths[below(sizeof lengths / sizeof *lengths)]);
  if (below(2)) add_files(1);
}

/* Levels and types that there are not. */
static void false_kind(void) {
  int fd = numbered_file();
  int levels[] = {SOL_SOCKET, 0, -1, 6, (int)word()};
  add(levels[below(5)], (int)(below(2) ? below(300) : word()), &fd, sizeof fd);
}

/* Credentials that are cut short or too long. */
static void odd_credentials(void) {
  struct ucred credentials[2] = {{getpid(), getuid(), getgid()}, {1, 0, 0}};
  add(SOL_SOCKET, SCM_CREDENTIALS, credentials, below(sizeof credentials));
}

/* Bytes without any structure. */
static void noise(void) {
  control.used = below(256);
  for (size_t i = 0; i < control.used; i++) control.bytes[i] = (unsigned char)(word() & (below(2) ? 0x1f : 0xff));
}

/* The end of one side of a pair that holds descriptors in its own queue. */
static void nested(void) {
  int pair[2], inner = numbered_file();
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return;
  open_files[open_count++] = pair[0];
  open_files[open_count++] = pair[1];
  add(SOL_SOCKET, SCM_RIGHTS, &inner, sizeof inner);
  struct iovec vector = {"x", 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = control.used};
  sendmsg(pair[1], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  control.used = 0;
  add(SOL_SOCKET, SCM_RIGHTS, pair, sizeof pair);
}

static void nothing(void) {}

static void (*const attacks[])(void) = {
  plain_files, plain_files, split_files, many_files,   repeated_files, wild_numbers, odd_payload, false_length,
  false_kind,  noise,       nested,      false_length, odd_credentials, add_credentials, nothing,
};

/* The length of the control data, usually what was written. */
static size_t claimed_control(void) {
  if (below(8) != 0) return control.used;
  size_t lengths[] = {0, 1, 8, 15, 16, 17, control.used / 2, control.used + 8, MAX_CONTROL};
  return lengths[below(sizeof lengths / sizeof *lengths)];
}

int main(int argc, char **argv) {
  static unsigned char data[MAX_DATA];
  if (argc != 5) return 2;
  int type = strcmp(argv[2], "stream") == 0 ? SOCK_STREAM
    : strcmp(argv[2], "dgram") == 0        ? SOCK_DGRAM
                                           : SOCK_SEQPACKET;
  state = (uint32_t)strtoul(argv[3], NULL, 10) | 1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  int socket_fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (connect(socket_fd, (struct sockaddr *)&address, sizeof address) < 0) {
    perror("connect");
    return 1;
  }

  uint64_t bytes = 0, messages = 0, refused = 0;
  for (long round = 0, rounds = strtol(argv[4], NULL, 10); round < rounds; round++) {
    size_t size = below(3) == 0 ? below(MAX_DATA) : below(40);
    control.used = 0;
    memset(control.bytes, 0, sizeof control.bytes);
    if (type == SOCK_STREAM) {
      for (size_t i = 0; i < size; i++) data[i] = f(bytes + i);
    } else {
      for (size_t i = 0; i < size; i++) data[i] = f(i + messages);
      if (size > 0) data[0] = (unsigned char)messages;
    }
    attacks[below(sizeof attacks / sizeof *attacks)]();
    struct iovec vector = {data, size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = claimed_control()};
    ssize_t sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL | (below(20) == 0 ? MSG_EOR : 0));
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED)) {
      perror("sendmsg");
      return 1;
    }
    if (sent < 0) refused++;
    else {
      messages++;
      bytes += (uint64_t)sent;
    }
    while (open_count > 0) close(open_files[--open_count]);
  }
  data[0] = (unsigned char)messages ^ LAST;
  if (type == SOCK_DGRAM && send(socket_fd, data, 1, MSG_NOSIGNAL) < 0) return 1;
  printf("%llu %llu %llu\n", (unsigned long long)messages, (unsigned long long)bytes,
         (unsigned long long)refused);
  return 0;
}

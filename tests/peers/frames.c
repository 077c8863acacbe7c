/*
 * Answers frames with a length of 4 bytes in front, in C: frames PATH. It does what frames.py does, whose
 * head says how.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_FDS = 253, MAX_FRAME = 1 << 20 };

static int fds[MAX_FDS];
static int fd_count;
static char frame[MAX_FRAME];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void keep(struct msghdr *message) {
  if (message->msg_flags & MSG_CTRUNC) fail("control data is cut");
  for (struct cmsghdr *it = CMSG_FIRSTHDR(message); it; it = CMSG_NXTHDR(message, it)) {
    if (it->cmsg_level != SOL_SOCKET || it->cmsg_type != SCM_RIGHTS) continue;
    int count = (it->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds + fd_count, CMSG_DATA(it), count * sizeof(int));
    fd_count += count;
  }
}

/* Receive exactly so many bytes, and what comes with them; 0 at the end. */
static int receive(int peer, char *data, size_t size) {
  size_t there = 0;
  while (there < size) {
    char control[CMSG_SPACE(sizeof(fds))];
    struct iovec vector = {data + there, size - there};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE((MAX_FDS - fd_count) * sizeof(int));
    ssize_t count = recvmsg(peer, &message, 0);
    if (count < 0) fail("recvmsg");
    if (count == 0 && there == 0) return 0;
    if (count == 0) fail("the stream ends in the middle of a frame");
    keep(&message);
    there += count;
  }
  return 1;
}

/* Send all, the descriptors with the first byte. */
static void send_all(int peer, const char *data, size_t size, int count) {
  while (size > 0) {
    char control[CMSG_SPACE(sizeof(fds))];
    memset(control, 0, sizeof(control));
    struct iovec vector = {(char *)data, size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 0) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(count * sizeof(int));
      struct cmsghdr *head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(count * sizeof(int));
      memcpy(CMSG_DATA(head), fds, count * sizeof(int));
    }
    ssize_t sent = sendmsg(peer, &message, MSG_NOSIGNAL);
    if (sent < 0) fail("sendmsg");
    data += sent;
    size -= sent;
    count = 0;
  }
}

static void answer(int peer, size_t size) {
  char how = size > 4 ? frame[4] : 'w';
  if (how == 'p') {
    send_all(peer, frame, 4, 0);
    send_all(peer, frame + 4, size - 4, fd_count);
  } else if (how == 'b') {
    for (size_t i = 0; i < size - 1; i++) send_all(peer, frame + i, 1, 0);
    send_all(peer, frame + size - 1, 1, fd_count);
  } else if (how == 't') {
    memcpy(frame + size, "\0\0\0\5extra", 9);
    send_all(peer, frame, size + 9, fd_count);
  } else {
    send_all(peer, frame, size, fd_count);
  }
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) return 2;
  strcpy(address.sun_path, argv[1]);
  int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  if (peer < 0 || connect(peer, (void *)&address, sizeof(address)) < 0) fail("connect");
  while (fd_count = 0, receive(peer, frame, 4)) {
    uint32_t length;
    memcpy(&length, frame, 4);
    size_t size = 4 + ntohl(length);
    if (size > 4) receive(peer, frame + 4, size - 4);
    for (int i = 0; i < fd_count; i++) {
      ssize_t count = pread(fds[i], frame + size, MAX_FRAME - size - 9, 0);
      if (count < 0) fail("pread");
      size += count;
    }
    length = htonl(size - 4);
    memcpy(frame, &length, 4);
    answer(peer, size);
    for (int i = 0; i < fd_count; i++) close(fds[i]);
  }
  return 0;
}

/*
 * A peer that is going to be killed: victim ROLE PATH TYPE
 *
 * ROLE is "server", which listens on PATH (or is bound to it, for datagrams), or "client", which connects.
 * It sends every message back, with its descriptor, until it is killed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char data[65536];

/* Send one message back: 0 when there is no more. */
static int echo(int socket, int is_datagram) {
  char control[CMSG_SPACE(sizeof(int))];
  struct sockaddr_un from;
  struct iovec vector = {data, sizeof data};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector,
                           .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (length < 0 || (length == 0 && !is_datagram)) return 0;
  vector.iov_len = (size_t)length;
  if (!is_datagram) message.msg_name = NULL;
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (message.msg_controllen > 0 && header != NULL && header->cmsg_type == SCM_RIGHTS) {
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    close(fd);
  }
  return is_datagram || sent >= 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int is_server = strcmp(argv[1], "server") == 0, is_datagram = strcmp(argv[3], "dgram") == 0;
  int type = is_datagram ? SOCK_DGRAM : strcmp(argv[3], "stream") == 0 ? SOCK_STREAM : SOCK_SEQPACKET;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  struct sockaddr *name = (struct sockaddr *)&address;
  if ((is_server ? bind(fd, name, sizeof address) : connect(fd, name, sizeof address)) < 0) return 1;
  if (is_server && !is_datagram && listen(fd, 8) < 0) return 1;
  puts("ready");
  fflush(stdout);
  if (!is_server || is_datagram) {
    while (echo(fd, is_datagram)) {}
    return 0;
  }
  for (;;) {
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) return 1;
    while (echo(connection, 0)) {}
    close(connection);
  }
}

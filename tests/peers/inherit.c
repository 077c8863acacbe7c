/* Starts a program with a socket as descriptor 3: what inherit.py does. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *kind = argv[2];
  int is_datagram = strcmp(kind, "dgram") == 0, is_listener = strcmp(kind, "listener") == 0;
  int type = is_datagram ? SOCK_DGRAM : strcmp(kind, "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  struct sockaddr *name = (struct sockaddr *)&address;
  int fd = socket(AF_UNIX, type, 0);
  int result = is_datagram || is_listener ? bind(fd, name, sizeof address) : connect(fd, name, sizeof address);
  if (result < 0 || (is_listener && listen(fd, 8) < 0)) {
    perror(argv[1]);
    return 1;
  }
  if (fd != 3 && (dup2(fd, 3) < 0 || close(fd) < 0)) return 1;
  execvp(argv[3], argv + 3);
  perror(argv[3]);
  return 1;
}

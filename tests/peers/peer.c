/*
 * A peer for interoperability tests: the same commands as peer.py, with sendmsg(2), recvmsg(2) and the
 * CMSG_* macros of cmsg(3).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#define MAX_SOCKETS 64
#define MAX_FILES 253

struct bytes {
  unsigned char *data;
  size_t length;
  int absent;
};

static struct {
  char name[16];
  int fd;
} sockets[MAX_SOCKETS];

static void die(const char *what) {
  perror(what);
  exit(2);
}

static const char *error_name(int error) {
#ifdef __GLIBC__
  return strerrorname_np(error);
#else
  return strerror(error);
#endif
}

static void *allocate(size_t size) {
  void *memory = calloc(1, size > 0 ? size : 1);
  if (memory == NULL) die("calloc");
  return memory;
}

static int digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct bytes decode(const char *text) {
  struct bytes result = {NULL, 0, strcmp(text, "-") == 0};
  if (result.absent) return result;
  result.length = (strlen(text) - 1) / 2;
  result.data = allocate(result.length);
  for (size_t i = 0; i < result.length; i++) {
    result.data[i] = (unsigned char)(digit(text[1 + 2 * i]) << 4 | digit(text[2 + 2 * i]));
  }
  return result;
}

static void put(const unsigned char *data, size_t length) {
  static const char digits[] = "0123456789abcdef";
  putchar('x');
  for (size_t i = 0; i < length; i++) {
    putchar(digits[data[i] >> 4]);
    putchar(digits[data[i] & 15]);
  }
}

static void put_name(const struct sockaddr_un *address, socklen_t length) {
  size_t offset = offsetof(struct sockaddr_un, sun_path);
  if (length <= offset) {
    putchar('-');
    return;
  }
  const char *path = address->sun_path;
  size_t size = length - offset;
  if (path[0] != '\0') size = strnlen(path, size);
  put((const unsigned char *)path, size);
}

static int type_of(const char *name) {
  if (strcmp(name, "stream") == 0) return SOCK_STREAM;
  return strcmp(name, "dgram") == 0 ? SOCK_DGRAM : SOCK_SEQPACKET;
}

static int find(const char *name) {
  for (int i = 0; i < MAX_SOCKETS; i++) {
    if (strcmp(sockets[i].name, name) == 0) return i;
  }
  fprintf(stderr, "There is no socket %s\n", name);
  exit(2);
}

static int fd_of(const char *name) {
  return sockets[find(name)].fd;
}

/* Give a new socket its name; a failed call is passed on. */
static int keep(const char *name, int fd) {
  if (fd < 0) return -1;
  int i = find("");
  snprintf(sockets[i].name, sizeof sockets[i].name, "%s", name);
  sockets[i].fd = fd;
  return 0;
}

static socklen_t make_address(struct sockaddr_un *address, struct bytes name) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (name.length > sizeof address->sun_path) name.length = sizeof address->sun_path;
  if (name.length > 0) memcpy(address->sun_path, name.data, name.length);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.length);
}

static int listen_at(char **arg) {
  struct sockaddr_un address;
  socklen_t length = make_address(&address, decode(arg[2]));
  int fd = socket(AF_UNIX, type_of(arg[1]), 0);
  if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, atoi(arg[3])) < 0) return -1;
  return keep(arg[0], fd);
}

static int bind_to(char **arg) {
  struct sockaddr_un address;
  socklen_t length = make_address(&address, decode(arg[1]));
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(fd, (struct sockaddr *)&address, length) < 0) return -1;
  return keep(arg[0], fd);
}

static int connect_to(char **arg) {
  struct sockaddr_un address;
  int fd = socket(AF_UNIX, type_of(arg[1]), 0);
  struct bytes local = decode(arg[3]);
  socklen_t length = make_address(&address, local);
  if (!local.absent && bind(fd, (struct sockaddr *)&address, length) < 0) return -1;
  length = make_address(&address, decode(arg[2]));
  if (connect(fd, (struct sockaddr *)&address, length) < 0) return -1;
  return keep(arg[0], fd);
}

static int file_with(struct bytes content) {
  FILE *file = tmpfile();
  if (file == NULL) die("tmpfile");
  int fd = dup(fileno(file));
  fclose(file);
  if (fd < 0 || write(fd, content.data, content.length) != (ssize_t)content.length) die("write");
  lseek(fd, 0, SEEK_SET); /* the receiver shares the position */
  return fd;
}

/* Open a file for each content in a list; returns how many. */
static size_t open_files(char *list, int *fds) {
  size_t count = 0;
  if (strcmp(list, "-") == 0) return 0;
  for (char *rest = NULL, *it = strtok_r(list, ",", &rest); it; it = strtok_r(NULL, ",", &rest)) {
    struct bytes content = decode(it);
    fds[count++] = file_with(content);
    free(content.data);
  }
  return count;
}

static int send_message(char **arg) {
  int socket = fd_of(arg[0]), fds[MAX_FILES + 1];
  struct bytes data = decode(arg[1]), to = decode(arg[4]);
  size_t count = open_files(arg[2], fds);
  char control[CMSG_SPACE(sizeof fds) + CMSG_SPACE(3 * sizeof(int))];
  memset(control, 0, sizeof control);
  struct sockaddr_un address;
  struct iovec vector = {data.data, data.length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control};
  if (!to.absent) {
    message.msg_namelen = make_address(&address, to);
    message.msg_name = &address;
  }
  message.msg_controllen = sizeof control;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  size_t used = 0;
#ifdef SCM_CREDENTIALS
  if (strcmp(arg[3], "-") != 0) {
    struct ucred credentials;
    if (sscanf(arg[3], "%d:%u:%u", &credentials.pid, &credentials.uid, &credentials.gid) != 3) exit(2);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof credentials);
    memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
    used += CMSG_SPACE(sizeof credentials);
    header = CMSG_NXTHDR(&message, header);
  }
#endif
  if (count > 0) {
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    used += CMSG_SPACE(count * sizeof(int));
  }
  message.msg_controllen = used;
  if (used == 0) message.msg_control = NULL;
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  int type = 0;
  socklen_t size = sizeof type;
  getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
  while (type == SOCK_STREAM && sent >= 0 && (size_t)sent < data.length) {
    ssize_t more = send(socket, data.data + sent, data.length - (size_t)sent, MSG_NOSIGNAL);
    sent = more < 0 ? -1 : sent + more;
  }
  int error = errno;
  for (size_t i = 0; i < count; i++) close(fds[i]);
  free(data.data);
  free(to.data);
  errno = error;
  if (sent < 0) return -1;
  printf("ok %zd", sent);
  return 1;
}

static void put_content(int fd) {
  unsigned char content[65536];
  ssize_t length = pread(fd, content, sizeof content, 0);
  if (length < 0) die("pread");
  put(content, (size_t)length);
  close(fd);
}

static int receive_message(char **arg) {
  int socket = fd_of(arg[0]), fds[4 * MAX_FILES], type = 0;
  size_t size = strtoul(arg[1], NULL, 10), room = strtoul(arg[2], NULL, 10), count = 0, filled = 0;
  unsigned char *data = allocate(size);
  char control[CMSG_SPACE(MAX_FILES * sizeof(int)) + CMSG_SPACE(3 * sizeof(int))];
  char credentials[64] = "-";
  struct sockaddr_un address;
  struct msghdr message;
  socklen_t length = sizeof type;
  getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length);
  do {
    struct iovec vector = {data + filled, size - filled};
    memset(&message, 0, sizeof message);
    memset(&address, 0, sizeof address);
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(room * sizeof(int)) + CMSG_SPACE(3 * sizeof(int));
    ssize_t received = recvmsg(socket, &message, 0);
    if (received < 0) return -1;
    for (struct cmsghdr *it = CMSG_FIRSTHDR(&message); it != NULL; it = CMSG_NXTHDR(&message, it)) {
      size_t payload = it->cmsg_len - CMSG_LEN(0);
      if (it->cmsg_level != SOL_SOCKET) continue;
      if (it->cmsg_type == SCM_RIGHTS) {
        memcpy(fds + count, CMSG_DATA(it), payload);
        count += payload / sizeof(int);
      }
#ifdef SCM_CREDENTIALS
      if (it->cmsg_type == SCM_CREDENTIALS && payload == sizeof(struct ucred)) {
        struct ucred sender;
        memcpy(&sender, CMSG_DATA(it), sizeof sender);
        snprintf(credentials, sizeof credentials, "%d:%u:%u", sender.pid, sender.uid, sender.gid);
      }
#endif
    }
    filled += (size_t)received;
    if (received == 0) break;
  } while (type == SOCK_STREAM && filled < size);
  printf("ok ");
  put(data, filled);
  putchar(' ');
  put_name(&address, message.msg_namelen);
  char marks[4] = "";
  if (message.msg_flags & MSG_TRUNC) strcat(marks, "T");
  if (message.msg_flags & MSG_CTRUNC) strcat(marks, "C");
  if (message.msg_flags & MSG_EOR) strcat(marks, "E");
  printf(" %s %s ", marks[0] ? marks : "-", credentials);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) putchar(',');
    put_content(fds[i]);
  }
  if (count == 0) putchar('-');
  free(data);
  return 1;
}

static int name_of(char **arg, int of_peer) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  int fd = fd_of(arg[0]);
  struct sockaddr *result = (struct sockaddr *)&address;
  if ((of_peer ? getpeername(fd, result, &length) : getsockname(fd, result, &length)) < 0) return -1;
  printf("ok ");
  put_name(&address, length);
  return 1;
}

#ifdef SO_PEERCRED
static int peer_credentials(char **arg) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd_of(arg[0]), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -1;
  printf("ok %d:%u:%u", peer.pid, peer.uid, peer.gid);
  return 1;
}
#endif

static int peer_pid(char **arg) {
  int pidfd = -1, pid = -1;
  socklen_t length = sizeof pidfd;
  if (getsockopt(fd_of(arg[0]), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0) return -1;
  char line[128];
  snprintf(line, sizeof line, "/proc/self/fdinfo/%d", pidfd);
  FILE *info = fopen(line, "r");
  while (info != NULL && fgets(line, sizeof line, info) != NULL) sscanf(line, "Pid: %d", &pid);
  if (info != NULL) fclose(info);
  close(pidfd);
  printf("ok %d", pid);
  return 1;
}

static int set_option(char **arg, int option, int value) {
  return setsockopt(fd_of(arg[0]), SOL_SOCKET, option, &value, sizeof value);
}

static int send_urgent(char **arg) {
  struct bytes data = decode(arg[1]);
  ssize_t sent = send(fd_of(arg[0]), data.data, data.length, MSG_OOB | MSG_NOSIGNAL);
  free(data.data);
  if (sent < 0) return -1;
  printf("ok %zd", sent);
  return 1;
}

static int receive_urgent(char **arg) {
  unsigned char byte;
  if (recv(fd_of(arg[0]), &byte, 1, MSG_OOB) < 0) return -1;
  printf("ok ");
  put(&byte, 1);
  return 1;
}

static int change_directory(char **arg) {
  struct bytes path = decode(arg[0]);
  char *text = allocate(path.length + 1);
  memcpy(text, path.data, path.length);
  int result = chdir(text);
  free(text);
  free(path.data);
  return result;
}

static int close_socket(char **arg) {
  int i = find(arg[0]);
  sockets[i].name[0] = '\0';
  return close(sockets[i].fd);
}

static int count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  if (directory == NULL) return -1;
  int count = -3; /* itself, "." and ".." */
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  printf("ok %d", count);
  return 1;
}

/* Run a command: 0 for plain success, 1 if it has answered, -1 with errno. */
static int run(const char *command, char **arg) {
#define IS(name) (strcmp(command, name) == 0)
  if (IS("listen")) return listen_at(arg);
  if (IS("bind")) return bind_to(arg);
  if (IS("connect")) return connect_to(arg);
  if (IS("accept")) return keep(arg[0], accept(fd_of(arg[1]), NULL, NULL));
  if (IS("adopt")) return keep(arg[0], atoi(arg[1]));
  if (IS("send")) return send_message(arg);
  if (IS("receive")) return receive_message(arg);
  if (IS("name")) return name_of(arg, 0);
  if (IS("peer")) return name_of(arg, 1);
#ifdef SO_PEERCRED
  if (IS("peercred")) return peer_credentials(arg);
  if (IS("passcred")) return set_option(arg, SO_PASSCRED, 1);
#endif
  if (IS("peerpid")) return peer_pid(arg);
  if (IS("passrights")) return set_option(arg, SO_PASSRIGHTS, atoi(arg[1]));
  if (IS("urgent")) return send_urgent(arg);
  if (IS("receiveurgent")) return receive_urgent(arg);
  if (IS("shutdown")) return shutdown(fd_of(arg[0]), SHUT_WR);
  if (IS("close")) return close_socket(arg);
  if (IS("chdir")) return change_directory(arg);
  if (IS("descriptors")) return count_descriptors();
  if (IS("pid")) {
    printf("ok %d:%u:%u", getpid(), getuid(), getgid());
    return 1;
  }
  fprintf(stderr, "There is no command %s\n", command);
  exit(2);
}

int main(void) {
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    char *arg[8] = {NULL}, *rest = NULL;
    size_t count = 0;
    for (char *it = strtok_r(line, " \n", &rest); it && count < 8; it = strtok_r(NULL, " \n", &rest)) {
      arg[count++] = it;
    }
    int result = run(arg[0], arg + 1);
    if (result < 0) printf("error %s", error_name(errno));
    else if (result == 0) printf("ok");
    putchar('\n');
    fflush(stdout);
  }
  free(line);
  return 0;
}

/* Sockets, whole sends and receives, and passing one descriptor. */
#define _GNU_SOURCE
#include "peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

void fail(const char *what)
{
	perror(what);
	exit(1);
}

int check(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static int make_socket(int type)
{
	return check(socket(AF_UNIX, type, 0), "socket");
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	strncpy(name.sun_path, path, sizeof name.sun_path - 1);
	return name;
}

void make_pair(int type, int fds[2])
{
	check(socketpair(AF_UNIX, type, 0, fds), "socketpair");
}

int make_bound(int type, const char *path)
{
	struct sockaddr_un name = address(path);
	int fd = make_socket(type);
	check(bind(fd, (struct sockaddr *)&name, sizeof name), "bind");
	return fd;
}

int make_connected(int type, const char *path)
{
	struct sockaddr_un name = address(path);
	int fd = make_socket(type);
	check(connect(fd, (struct sockaddr *)&name, sizeof name), "connect");
	return fd;
}

int make_listener(const char *path)
{
	int fd = make_bound(SOCK_STREAM, path);
	check(listen(fd, 1024), "listen");
	return fd;
}

int accept_one(int listener)
{
	return check(accept(listener, NULL, NULL), "accept");
}

int open_null(void)
{
	return check(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
}

bool send_full(int fd, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t count = send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
		if (count <= 0)
			return false;
		done += count;
	}
	return true;
}

bool recv_full(int fd, void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t count = recv(fd, (char *)data + done, size - done, 0);
		if (count <= 0)
			return false;
		done += count;
	}
	return true;
}

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

bool send_fd(int socket, int fd, char byte)
{
	union control control = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *item = CMSG_FIRSTHDR(&message);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(item), &fd, sizeof fd);
	return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

int recv_fd(int socket, char *byte)
{
	union control control;
	struct iovec vector = {byte, 1};
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
	};
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	struct cmsghdr *item = CMSG_FIRSTHDR(&message);
	if (!item || item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
		return -1;
	int fd;
	memcpy(&fd, CMSG_DATA(item), sizeof fd);
	return fd;
}

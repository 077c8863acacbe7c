#define _GNU_SOURCE
#include "events.h"
#include "peer.h"

#include <sys/epoll.h>

void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

/* One message of the client's; true while there is another one to send. */
static bool answered(int client, long *sent, long *right, long operations)
{
	char buffer[64];
	if (!recv_full(client, buffer, sizeof buffer))
		return false;
	if (buffer[0] == (char)(*sent - 1))
		++*right;
	if (*sent == operations)
		return false;
	buffer[0] = (char)(*sent)++;
	return send_full(client, buffer, sizeof buffer);
}

static bool echo(int fd)
{
	char buffer[64];
	return recv_full(fd, buffer, sizeof buffer) && send_full(fd, buffer, sizeof buffer);
}

long ping_events(int epoll, int client, int server, long operations)
{
	char first[64] = {0};
	long sent = 1, right = 0;
	if (client >= 0)
		send_full(client, first, sizeof first);
	for (;;) {
		struct epoll_event events[16];
		int count = check(epoll_wait(epoll, events, 16, -1), "epoll_wait");
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd == client && !answered(client, &sent, &right, operations))
				return right;
			if (fd == server && !echo(server))
				return right;
		}
	}
}

/* Both ends in one process, blocking: connections, datagrams, seqpacket messages. */
#include "peer.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 512 };

static int listener, sender, receiver;
static const char *path;

static long run_connect(long operations)
{
	long right = 0;
	for (long i = 0; i < operations; i++) {
		int client = make_connected(SOCK_STREAM, path);
		int server = accept_one(listener);
		if (close(client) == 0 && close(server) == 0)
			right++;
	}
	return right;
}

static long run_messages(long operations)
{
	char sent[SIZE] = {0}, received[SIZE];
	long right = 0;
	for (long i = 0; i < operations; i++) {
		sent[0] = (char)i;
		send_full(sender, sent, SIZE);
		if (recv(receiver, received, SIZE, 0) == SIZE && received[0] == (char)i)
			right++;
	}
	return right;
}

void setup_connect(const struct setup *setup, struct part *part)
{
	path = setup->path;
	listener = make_listener(path);
	part->run = run_connect;
}

void setup_datagrams(const struct setup *setup, struct part *part)
{
	receiver = make_bound(SOCK_DGRAM, setup->path);
	sender = make_connected(SOCK_DGRAM, setup->path);
	part->run = run_messages;
}

void setup_seqpacket(const struct setup *setup, struct part *part)
{
	int fds[2];
	(void)setup;
	make_pair(SOCK_SEQPACKET, fds);
	sender = fds[0];
	receiver = fds[1];
	part->run = run_messages;
}

/* One direction only: the client announces how much comes, the server confirms how much came. */
#include "peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536 };

static int listener, conn, passed;
static uint64_t (*take)(uint64_t total);
static char buffer[SIZE];

static uint64_t take_bytes(uint64_t total)
{
	uint64_t seen = 0;
	while (seen < total) {
		ssize_t count = recv(conn, buffer, SIZE, 0);
		if (count <= 0)
			break;
		seen += (uint64_t)count;
	}
	return seen;
}

static uint64_t take_descriptors(uint64_t total)
{
	uint64_t right = 0;
	char byte;
	for (uint64_t i = 0; i < total; i++)
		if (close(recv_fd(conn, &byte)) == 0)
			right++;
	return right;
}

static void serve(void)
{
	uint64_t total;
	conn = accept_one(listener);
	while (recv_full(conn, &total, sizeof total)) {
		uint64_t answer = take(total);
		send_full(conn, &answer, sizeof answer);
	}
	exit(0);
}

static uint64_t confirmed(void)
{
	uint64_t answer = 0;
	recv_full(conn, &answer, sizeof answer);
	return answer;
}

static long run_throughput(long operations)
{
	uint64_t total = (uint64_t)operations * SIZE;
	send_full(conn, &total, sizeof total);
	for (long i = 0; i < operations; i++)
		send_full(conn, buffer, SIZE);
	return (long)(confirmed() / SIZE);
}

static long run_pass(long operations)
{
	uint64_t total = (uint64_t)operations;
	send_full(conn, &total, sizeof total);
	for (long i = 0; i < operations; i++)
		send_fd(conn, passed, 1);
	return (long)confirmed();
}

static void prepare(const struct setup *setup, struct part *part)
{
	if (strcmp(setup->role, "server") == 0) {
		listener = make_listener(setup->path);
		part->serve = serve;
	} else {
		conn = make_connected(SOCK_STREAM, setup->path);
	}
}

void setup_throughput(const struct setup *setup, struct part *part)
{
	take = take_bytes;
	part->run = run_throughput;
	memset(buffer, 0x5a, SIZE);
	prepare(setup, part);
}

void setup_pass(const struct setup *setup, struct part *part)
{
	take = take_descriptors;
	part->run = run_pass;
	passed = open_null();
	prepare(setup, part);
}

/* Round trips of 64 bytes: blocking, through epoll, or blocking with a look at the clock after each. */
#include "events.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int epoll = -1, client = -1, server = -1, listener = -1;
static struct part *timed;

static bool round_trip(long number)
{
	char sent[64] = {(char)number}, received[64];
	send_full(client, sent, sizeof sent);
	return recv_full(client, received, sizeof received) && received[0] == (char)number;
}

static long run_blocking(long operations)
{
	long right = 0;
	for (long i = 0; i < operations; i++)
		right += round_trip(i);
	return right;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static long run_timed(long operations)
{
	long right = 0;
	int64_t *times = malloc((size_t)operations * sizeof *times);
	if (!times)
		fail("malloc");
	int64_t last = now();
	for (long i = 0; i < operations; i++) {
		right += round_trip(i);
		int64_t time = now();
		times[i] = time - last;
		last = time;
	}
	qsort(times, (size_t)operations, sizeof *times, ascending);
	timed->p99 = times[operations * 99 / 100];
	free(times);
	return right;
}

static long run_events(long operations)
{
	return ping_events(epoll, client, server, operations);
}

static void serve_blocking(void)
{
	char buffer[64];
	server = accept_one(listener);
	while (recv_full(server, buffer, sizeof buffer))
		send_full(server, buffer, sizeof buffer);
	exit(0);
}

static void serve_events(void)
{
	server = accept_one(listener);
	watch(epoll, server);
	ping_events(epoll, -1, server, 0);
	exit(0);
}

static void setup_both(struct part *part)
{
	int fds[2];
	make_pair(SOCK_STREAM, fds);
	client = fds[0];
	server = fds[1];
	watch(epoll, client);
	watch(epoll, server);
	part->run = run_events;
}

static void count_idle(long count)
{
	for (long i = 0; i < count; i++)
		watch(epoll, accept_one(listener));
}

void setup_roundtrip(const struct setup *setup, struct part *part)
{
	bool events = strcmp(setup->variant, "epoll") == 0;
	epoll = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	if (strcmp(setup->role, "both") == 0) {
		setup_both(part);
	} else if (strcmp(setup->role, "server") == 0) {
		listener = make_listener(setup->path);
		part->serve = events ? serve_events : serve_blocking;
	} else {
		client = make_connected(SOCK_STREAM, setup->path);
		if (events)
			watch(epoll, client);
		timed = part;
		part->run = events                                ? run_events
			    : strcmp(setup->variant, "timed") == 0 ? run_timed
								   : run_blocking;
	}
}

/* An active pair beside sockets that wait for what never comes. */
void setup_idle(const struct setup *setup, struct part *part)
{
	epoll = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	listener = make_listener(setup->path);
	setup_both(part);
	part->idle = count_idle;
}

/* Blocking work on a socket pair, alone or beside a second thread that sleeps. */
#include "peer.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2], passed;

static void *sleeping(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

/* With a second thread, every call looks its descriptor up in a dearer way. */
static void prepare(const struct setup *setup)
{
	pthread_t thread;
	make_pair(SOCK_STREAM, fds);
	if (strcmp(setup->variant, "threads") == 0)
		check(-pthread_create(&thread, NULL, sleeping, NULL), "pthread_create");
}

static long run_pass(long operations)
{
	long right = 0;
	for (long i = 0; i < operations; i++) {
		char byte = 0;
		send_fd(fds[0], passed, (char)i);
		int fd = recv_fd(fds[1], &byte);
		if (close(fd) == 0 && byte == (char)i)
			right++;
	}
	return right;
}

static long run_small(long operations)
{
	char sent[64] = {0}, received[64];
	long right = 0;
	for (long i = 0; i < operations; i++) {
		sent[0] = (char)i;
		send_full(fds[0], sent, sizeof sent);
		if (recv_full(fds[1], received, sizeof received) && received[0] == (char)i)
			right++;
	}
	return right;
}

void setup_pass_sync(const struct setup *setup, struct part *part)
{
	prepare(setup);
	passed = open_null();
	part->run = run_pass;
}

void setup_small_sync(const struct setup *setup, struct part *part)
{
	prepare(setup);
	part->run = run_small;
}

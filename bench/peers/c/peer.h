/* What the programs of the C peer share. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program does for one work and role; a null function is never called. */
struct part {
	long (*run)(long operations);
	/* The 99th percentile of the operations of the last run in nanoseconds; 0 if it does not look. */
	int64_t p99;
	void (*idle)(long count);
	/* For servers: serves until the client is gone. */
	void (*serve)(void);
};

struct setup {
	const char *role, *path, *variant;
};

/* main.c */
int64_t now(void);

/* net.c */
_Noreturn void fail(const char *what);
int check(int result, const char *what);
void make_pair(int type, int fds[2]);
int make_bound(int type, const char *path);
int make_connected(int type, const char *path);
int make_listener(const char *path);
int accept_one(int listener);
int open_null(void);
bool send_full(int fd, const void *data, size_t size);
bool recv_full(int fd, void *data, size_t size);
bool send_fd(int socket, int fd, char byte);
int recv_fd(int socket, char *byte);

/* One for each work. */
void setup_pass_sync(const struct setup *, struct part *);
void setup_small_sync(const struct setup *, struct part *);
void setup_roundtrip(const struct setup *, struct part *);
void setup_throughput(const struct setup *, struct part *);
void setup_pass(const struct setup *, struct part *);
void setup_connect(const struct setup *, struct part *);
void setup_datagrams(const struct setup *, struct part *);
void setup_seqpacket(const struct setup *, struct part *);
void setup_idle(const struct setup *, struct part *);

#endif

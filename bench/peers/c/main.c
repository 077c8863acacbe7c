/* Programs on the system calls. Usage: peer-c work role path [variant]. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

static const struct {
	const char *name;
	void (*setup)(const struct setup *, struct part *);
} works[] = {
	{"pass-sync", setup_pass_sync},   {"small-sync", setup_small_sync},
	{"roundtrip", setup_roundtrip},   {"throughput", setup_throughput},
	{"connect", setup_connect},       {"pass", setup_pass},
	{"datagrams", setup_datagrams},   {"seqpacket", setup_seqpacket},
	{"idle", setup_idle},
};

int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static long perform(const struct part *part, const char *command, long count)
{
	if (strcmp(command, "run") == 0)
		return part->run(count);
	if (strcmp(command, "idle") == 0)
		part->idle(count);
#ifdef __GLIBC__
	if (strcmp(command, "settle") == 0)
		malloc_trim(0);
#endif
	return count;
}

static void obey(const struct part *part)
{
	char line[64], command[16];
	long count;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "%15s %ld", command, &count) != 2)
			continue;
		int64_t start = now();
		long done = perform(part, command, count);
		printf("{\"count\":%ld,\"wall\":%lld", done, (long long)(now() - start));
		if (part->p99 > 0)
			printf(",\"p99\":%lld", (long long)part->p99);
		printf("}\n");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct setup setup = {
		.role = argc > 2 ? argv[2] : "",
		.path = argc > 3 ? argv[3] : "",
		.variant = argc > 4 ? argv[4] : "",
	};
	struct part part = {0};
	for (size_t i = 0; argc > 1 && i < sizeof works / sizeof *works; i++) {
		if (strcmp(works[i].name, argv[1]) != 0)
			continue;
		works[i].setup(&setup, &part);
		printf("{\"ready\":true}\n");
		fflush(stdout);
		if (part.serve)
			part.serve();
		obey(&part);
		return 0;
	}
	printf("{\"cannot\":\"There is no program for this work\"}\n");
	return 0;
}

/* Sends SIGUSR1 to a thread (PID TID) again and again, until it or the standard input ends. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  pid_t process = atoi(argv[1]), thread = atoi(argv[2]);
  unsigned long sent = 0;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  struct timespec pause = {.tv_nsec = 100 * 1000};
  while (poll(&input, 1, 0) == 0 && syscall(SYS_tgkill, process, thread, SIGUSR1) == 0) {
    if (sent++ == 0) puts("storm"), fflush(stdout);
    nanosleep(&pause, NULL);
  }
  printf("%lu\n", sent);
  return 0;
}

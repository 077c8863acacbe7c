/* A small event loop on epoll. */
#ifndef EVENTS_H
#define EVENTS_H

/* Waits on one more socket. */
void watch(int epoll, int fd);
/* Answers on `server` what comes there and runs `operations` round trips on `client`. */
long ping_events(int epoll, int client, int server, long operations);

#endif

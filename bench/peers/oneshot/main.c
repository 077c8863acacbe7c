/* Connect, send one request, print one answer. Usage: oneshot path. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char answer[64];
	ssize_t count;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (argc < 2 || fd < 0)
		return 1;
	strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return 1;
	if (write(fd, "question", 8) != 8 || (count = read(fd, answer, sizeof answer)) < 0)
		return 1;
	close(fd);
	printf("%.*s\n", (int)count, answer);
	return 0;
}

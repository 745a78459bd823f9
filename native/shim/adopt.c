/* What a foreign OCI runtime's command leaves behind: a process, its pid in a file, and the master of its terminal, sent
 * to the socket `console.sock` of this directory (runc's --console-socket). */
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "kernel.h"
#include "shim.h"

#define CONSOLE_NAME "console.sock"

int adopt_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONSOLE_NAME };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(CONSOLE_NAME);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1))
		return failed("listen", CONSOLE_NAME);
	return fd;
}

int adopt_console(int listener)
{
	struct timeval patience = { .tv_sec = 2 };
	char name[256];
	int master;
	cleanup_close int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)receive_fd(fd, name, sizeof name, &master, 0);
	return master;
}

int adopt_pid(const char *file)
{
	char text[16];
	int pid = 0;
	cleanup_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
	for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		pid = pid * 10 + (text[i] - '0');
	return pid;
}

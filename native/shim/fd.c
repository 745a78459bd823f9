/* Descriptors: closed where their scope ends, sent over sockets, written to at once. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "kernel.h"
#include "shim.h"

void close_kept(const int *fd)
{
	int error = errno;
	if (*fd >= 0)
		close(*fd);
	errno = error;
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int send_fd(int socket, const void *bytes, size_t length, int fd)
{
	union control control = { .head = { CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (void *)(uintptr_t)bytes, length };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

ssize_t receive_fd(int socket, void *bytes, size_t length, int *fd, int flags)
{
	union control control;
	struct iovec part = { bytes, length };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(socket, &m, flags | MSG_CMSG_CLOEXEC);
	*fd = -1;
	if (n >= 0 && m.msg_controllen >= CMSG_LEN(sizeof *fd) && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&control.head), sizeof *fd);
	return n;
}

int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return failed("connect", path);
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close_kept(&fd);
	return failed("connect", path);
}

int write_once(int fd, const char *text, uint64_t length)
{
	ssize_t written = fd < 0 ? -1 : write(fd, text, length);
	if (written >= 0 && (uint64_t)written != length) {
		errno = EIO;
		written = -1;
	}
	close_kept(&fd);
	return written < 0 ? -1 : 0;
}

static const char *proc_path(int pid, const char *file)
{
	static char path[64] = "/proc/";
	strcpy(path + 6 + put_decimal(path + 6, (uint64_t)pid), file);
	return path;
}

int open_proc(int pid, const char *file)
{
	return open(proc_path(pid, file), O_RDONLY | O_CLOEXEC);
}

int write_proc(int pid, const char *file, const char *text, uint64_t length)
{
	const char *path = proc_path(pid, file);
	return write_once(open(path, O_WRONLY | O_CLOEXEC), text, length) ? failed("write", path) : 0;
}

size_t put_decimal(char *out, uint64_t value)
{
	char digits[20];
	size_t count = 0, length = 0;
	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		out[length++] = digits[--count];
	out[length] = 0;
	return length;
}

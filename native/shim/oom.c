/* Memory that ran out: told while the process runs, and remembered for its exit. */
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "kernel.h"
#include "monitor.h"

static uint64_t before, told;
static int counted; /* the source is the file with the counter, not a v1 notification */

/* The oom_kill line, 0 when there is none. */
static uint64_t read_kills(int fd)
{
	char text[512] = "\n";
	ssize_t n = fd < 0 ? -1 : pread(fd, text + 1, sizeof text - 2, 0);
	uint64_t value = 0;
	if (n <= 0)
		return 0;
	text[n + 1] = 0;
	const char *at = strstr(text, "\noom_kill ");
	for (at = at ? at + 10 : ""; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

static int open_events(void)
{
	return launch.oom_path[0] ? open(launch.oom_path, O_RDONLY | O_CLOEXEC) : -1;
}

int ran_out(void)
{
	cleanup_close int fd = open_events();
	return read_kills(fd) > before;
}

/* v1: cgroup.event_control beside the file takes "EVENTFD FILE" (admin-guide/cgroup-v1/memory.rst, "OOM Control"). */
static int notification_of(int file)
{
	char path[PATH_MAX + 32], text[48];
	strcpy(path, launch.oom_path);
	strcpy(strrchr(path, '/') + 1, "cgroup.event_control");
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	size_t length = put_decimal(text, (uint64_t)event);
	text[length++] = ' ';
	length += put_decimal(text + length, (uint64_t)file);
	if (write_once(open(path, O_WRONLY | O_CLOEXEC), text, length) == 0)
		return event;
	close(event);
	return -1;
}

/* That nothing is told of before the end is all that follows when this cannot be. */
void watch_oom(void)
{
	int file = open_events();
	if (file < 0)
		return;
	before = told = read_kills(file);
	counted = !strcmp(strrchr(launch.oom_path, '/'), "/memory.events");
	if (counted) {
		set_source(OOM, file, EPOLLPRI);
		return;
	}
	int event = notification_of(file);
	close(file);
	if (event >= 0)
		set_source(OOM, event, EPOLLIN);
}

void on_oom(void)
{
	uint64_t count;
	int fd = source_fd(OOM);
	if (fd < 0)
		return;
	if (counted) {
		count = read_kills(fd);
		if (count <= told)
			return;
		told = count;
	} else if (read(fd, &count, sizeof count) != sizeof count || access(launch.oom_path, F_OK)) {
		return; /* the removal of the cgroup is notified too */
	}
	tell(FRAME_OOM, "", 0);
}

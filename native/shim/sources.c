/* What the monitor waits for. A source of which nothing is wanted is not in the epoll set: hang-ups would be told all the
 * same. */
#include <sys/epoll.h>
#include "kernel.h"
#include "monitor.h"

static struct source {
	int fd;
	uint32_t events, number; /* events 0: not in the set; number: of this use of the place */
} sources[SOURCES] = { [0 ... SOURCES - 1] = { -1, 0, 0 } };
static int epoll_fd;

int sources_open(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? failed("epoll", "") : 0;
}

int source_fd(int i)
{
	return sources[i].fd;
}

void watch(int i, uint32_t events)
{
	struct source *s = &sources[i];
	struct epoll_event event = { .events = events, .data.u64 = (uint64_t)s->number << 32 | (uint32_t)i };
	if (s->fd < 0 || s->events == events)
		return;
	epoll_ctl(epoll_fd, events ? (s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD) : EPOLL_CTL_DEL, s->fd, &event);
	s->events = events;
}

void drop(int i)
{
	watch(i, 0);
	if (sources[i].fd >= 0)
		close(sources[i].fd);
	sources[i].fd = -1;
}

void set_source(int i, int fd, uint32_t events)
{
	drop(i);
	sources[i].fd = fd;
	sources[i].number++;
	watch(i, events);
}

/* An event of this turn may end a source and put another in its place, which the rest of the turn is not about. */
void sources_wait(int timeout_ms, void (*happened)(int i, uint32_t events))
{
	struct epoll_event events[16];
	int n = epoll_wait(epoll_fd, events, 16, timeout_ms);
	for (int turn = 0; turn < n; turn++) {
		int i = (int)(uint32_t)events[turn].data.u64;
		if (sources[i].fd >= 0 && sources[i].number == events[turn].data.u64 >> 32)
			happened(i, events[turn].events);
	}
}

/* The process's standard streams: pipes or a terminal. A chunk of what it writes goes to the log and to every client that
 * attached, and nothing more is read until all of them took it; what they send is its input. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include "kernel.h"
#include "monitor.h"

#define CHUNK_BYTES 49152
#define INPUT_BYTES 16384
#define READS_A_TURN 16
#define QUIET_MS 300  /* after its end: output is over when nobody wrote for so long … */
#define DRAIN_MS 2000 /* … and at the latest now (docker-compat: StreamConfig.Wait waits 2 s) */

static char chunk[CHUNK_BYTES];
static struct {
	char bytes[INPUT_BYTES];
	uint32_t length, done;
	int close_after;
} input;
static int own_slave = -1;
static uint64_t quiet_at, drained_at; /* 0: it has not ended */

/* ---- terminal ---- */

/* A slave of our own keeps it alive while the program closes and opens it (getty, init systems). */
void take_terminal(int master)
{
	own_slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	fcntl(master, F_SETFL, O_NONBLOCK);
	set_source(OUT, master, EPOLLIN);
}

int resize_terminal(uint32_t rows, uint32_t columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };
	if (!launch.terminal || source_fd(OUT) < 0)
		return ENOTTY;
	return ioctl(source_fd(OUT), TIOCSWINSZ, &size) ? errno : 0;
}

/* ---- input ---- */

int input_waits(void)
{
	return input.done < input.length;
}

void close_input(void)
{
	if (launch.terminal)
		return; /* end of file on a terminal is a character that the person types */
	if (input_waits())
		input.close_after = 1;
	else
		drop(IN);
}

void push_input(void)
{
	while (input_waits()) {
		int fd = source_fd(launch.terminal ? OUT : IN);
		ssize_t n = fd < 0 ? -1 : write(fd, input.bytes + input.done, input.length - input.done);
		if (n < 0 && fd >= 0 && errno == EINTR)
			continue;
		if (n < 0 && fd >= 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* nobody reads: the rest has no receiver */
			if (!launch.terminal)
				drop(IN);
			break;
		}
		input.done += (uint32_t)n;
	}
	input.done = input.length = 0;
	if (input.close_after)
		drop(IN);
}

ssize_t take_input(int fd, int has_stdin)
{
	ssize_t n = read(fd, input.bytes, sizeof input.bytes);
	if (n > 0 && has_stdin) {
		input.length = (uint32_t)n;
		push_input();
	}
	return n;
}

/* ---- output ---- */

void end_output(int source)
{
	log_end(source == OUT ? 1 : 2);
	drop(source);
}

void pump(int source)
{
	int stream = source == OUT ? 1 : 2;
	for (int turn = 0; turn < READS_A_TURN && !clients_behind() && source_fd(source) >= 0; turn++) {
		if (log_stalled() && !quiet_at)
			break;
		ssize_t n = read(source_fd(source), chunk, sizeof chunk);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) { /* EIO: the terminal's other side is gone */
			end_output(source);
			break;
		}
		if (quiet_at)
			quiet_at = now_ms() + QUIET_MS;
		log_write(stream, chunk, (uint32_t)n);
		deliver(stream, chunk, (uint32_t)n);
	}
	log_flush();
	tell_rotated();
}

/* ---- all of them ---- */

int streams_open(int child[3])
{
	int in[2] = { -1, -1 }, out[2], err[2];
	if (launch.mode != MODE_SUPERVISED) {
		for (int i = 0; i < 3; i++)
			child[i] = i;
		return 0;
	}
	for (int i = 0; i < 3; i++)
		if ((child[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
			return failed("open", "/dev/null");
	if (launch.terminal)
		return 0;
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || (launch.stdin_mode != STDIN_CLOSED && pipe2(in, O_CLOEXEC)))
		return failed("pipe", "");
	int ours[3] = { in[1], out[0], err[0] }, theirs[3] = { in[0], out[1], err[1] };
	for (int i = 0; i < 3; i++) {
		if (theirs[i] < 0)
			continue;
		close(child[i]);
		child[i] = theirs[i];
		fcntl(ours[i], F_SETFL, O_NONBLOCK);
	}
	set_source(IN, ours[0], 0);
	set_source(OUT, ours[1], EPOLLIN);
	set_source(ERR, ours[2], EPOLLIN);
	return 0;
}

void streams_watch(void)
{
	uint32_t wanted = clients_behind() || log_stalled() ? 0 : EPOLLIN, room = input_waits() ? EPOLLOUT : 0;
	watch(OUT, wanted | (launch.terminal ? room : 0));
	watch(ERR, wanted);
	watch(IN, room);
}

void streams_ended(void)
{
	drained_at = now_ms() + DRAIN_MS;
	quiet_at = now_ms() + QUIET_MS;
	drop(IN);
	close_kept(&own_slave);
	own_slave = -1;
}

int streams_drained(void)
{
	uint64_t now = now_ms();
	if (now >= drained_at)
		drop_behind(); /* clients that do not read must not keep the end from being known */
	pump(OUT);
	pump(ERR);
	if (clients_behind())
		return 0;
	return (source_fd(OUT) < 0 && source_fd(ERR) < 0) || now >= quiet_at || now >= drained_at;
}

/* The monitor: parent of one process tree, outlives the engine. One epoll loop; no allocation after start.
 *
 *   init's pipes or pty ──▶ chunk ──▶ record log
 *                            └──────▶ every attached client (nothing more is read until all of them took the chunk)
 *   attached clients' input ──▶ input ──▶ init's stdin
 *   control clients: a state frame on connect and at every change; fixed-size requests (shim.h)
 *   a client that holds: nothing more is read until it attaches or leaves, so that what the log has by then is all before
 *                        its stream, but for lines without an end, which its stream begins with
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include "kernel.h"
#include "shim.h"

#define MAX_CLIENTS 64
#define CHUNK_BYTES 49152
#define INPUT_BYTES 16384
#define READS_A_TURN 16
#define MAX_EARLY 16 /* orphans that ended while the foreign runtime's command went on */
#define QUIET_MS 300  /* after exit: output is over when nobody wrote for so long … */
#define DRAIN_MS 2000 /* … and at the latest now (docker-compat: StreamConfig.Wait waits 2 s) */

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { SIGNALS, LISTENER, SYNC, CONSOLE, OOM, OUT, ERR, IN, CLIENTS, SOURCES = CLIENTS + MAX_CLIENTS };

struct source {
	int fd;
	uint32_t events; /* 0: not in the epoll set */
};

struct client {
	uint32_t attach; /* ATTACH_* once attached */
	int attached, holding, input_ended, sending, left;
	uint32_t sent, request_bytes;
	struct request request;
};

static struct source sources[SOURCES] = { [0 ... SOURCES - 1] = { -1, 0 } };
static struct client clients[MAX_CLIENTS];
static struct state state = { .magic = STATE_MAGIC, .state = STATE_LAUNCHING };
static struct {
	char head[8], bytes[CHUNK_BYTES];
	uint32_t length;
	int stream, waiting; /* clients that have not taken it all, and those that hold */
} chunk;
static struct {
	char bytes[INPUT_BYTES];
	uint32_t length, done;
	int close_after;
} input;
static int epoll_fd, terminal, stdin_mode, launch_mode, own_slave = -1, exited;
static uint32_t failed_step = ~0u;
static uint64_t oom_before, oom_told, exit_ms, quiet_ms;
static int oom_counted; /* the source is the file with the counter, not a v1 notification */
static struct ended {
	pid_t pid;
	int status;
} early[MAX_EARLY];
static unsigned early_count;
static pid_t command; /* a foreign runtime's, until it ends */
static int commanded; /* go was said before the command */
static int gone_ahead; /* go was said before init waited for it */
static char adopt_file[32];
static char log_path[PATH_MAX], oom_path[PATH_MAX], console_path[108];

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- epoll ---- */

/* 0 takes the source out of the set: hang-ups are reported even when nothing is asked for. */
static void watch(int i, uint32_t events)
{
	struct source *s = &sources[i];
	struct epoll_event event = { .events = events, .data.u32 = (uint32_t)i };
	if (s->fd < 0 || s->events == events)
		return;
	epoll_ctl(epoll_fd, events ? (s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD) : EPOLL_CTL_DEL, s->fd, &event);
	s->events = events;
}

static void drop(int i)
{
	watch(i, 0);
	if (sources[i].fd >= 0)
		close(sources[i].fd);
	sources[i].fd = -1;
}

static void set_source(int i, int fd, uint32_t events)
{
	sources[i].fd = fd;
	watch(i, events);
}

/* What every source is waited for follows from the state alone. */
static void rewatch(void)
{
	int more_input = input.done < input.length;
	uint32_t read_output = chunk.waiting || log_stalled() ? 0 : EPOLLIN;
	watch(OUT, read_output | (terminal && more_input ? EPOLLOUT : 0));
	watch(ERR, read_output);
	watch(IN, more_input ? EPOLLOUT : 0);
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &clients[i];
		uint32_t in = c->input_ended || (c->attached && more_input) ? 0 : EPOLLIN;
		watch(CLIENTS + i, c->left ? in : in | (c->sending ? EPOLLOUT : 0) | EPOLLHUP);
	}
}

/* ---- state ---- */

static void take_init(int pid)
{
	state.pid = (uint32_t)pid;
	state.start_ticks = start_ticks(pid);
}

static void run_on(void)
{
	state.state = STATE_RUNNING;
	state.started_ns = clock_ns(CLOCK_REALTIME);
}

static void write_status(void)
{
	int fd = open("status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, &state, sizeof state) == sizeof state)
		(void)rename("status.new", "status");
	close(fd);
}

static void drop_client(int i);

static void send_frame(int i, uint32_t type, const void *bytes, uint32_t length)
{
	struct {
		struct frame_head head;
		char bytes[sizeof state];
	} frame = { .head = { type, length } };
	ssize_t total = (ssize_t)(sizeof frame.head + length);
	memcpy(frame.bytes, bytes, length);
	if (send(sources[CLIENTS + i].fd, &frame, (size_t)total, MSG_DONTWAIT | MSG_NOSIGNAL) != total)
		drop_client(i);
}

static void tell_all(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (sources[CLIENTS + i].fd >= 0 && !clients[i].attached)
			send_frame(i, FRAME_STATE, &state, sizeof state);
}

static void tell_happened(uint32_t type)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (sources[CLIENTS + i].fd >= 0 && !clients[i].attached)
			send_frame(i, type, "", 0);
}

static void tell_rotated(void)
{
	if (log_take_rotated())
		tell_happened(FRAME_ROTATED);
}

static void set_failed(uint32_t step, uint32_t error, const char *what)
{
	state.state = STATE_FAILED;
	state.step = step;
	state.error = error;
	memset(state.what, 0, sizeof state.what);
	strncpy(state.what, what, sizeof state.what - 1);
	state.finished_ns = clock_ns(CLOCK_REALTIME);
	write_status();
	tell_all();
}

/* ---- input ---- */

static int stdin_source(void)
{
	return terminal ? OUT : IN;
}

static void close_stdin(void)
{
	if (terminal)
		return; /* end of file on a terminal is a character that the person types */
	if (input.done < input.length)
		input.close_after = 1;
	else
		drop(IN);
}

static void push_input(void)
{
	while (input.done < input.length) {
		int fd = sources[stdin_source()].fd;
		ssize_t n = fd < 0 ? -1 : write(fd, input.bytes + input.done, input.length - input.done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && fd >= 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* nobody reads: the rest has no receiver */
			if (!terminal)
				drop(IN);
			break;
		}
		input.done += (uint32_t)n;
	}
	input.done = input.length = 0;
	if (input.close_after)
		drop(IN);
}

static int others_hold_stdin(int except)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (i != except && sources[CLIENTS + i].fd >= 0 && (clients[i].attach & ATTACH_STDIN) && !clients[i].input_ended)
			return 1;
	return 0;
}

/* once: the first that ends or leaves closes stdin; open: an explicit end by the last that holds it. */
static void client_input_ended(int i, int left)
{
	struct client *c = &clients[i];
	int counts = (c->attach & ATTACH_STDIN) && !c->input_ended;
	c->input_ended = 1;
	if (counts && (stdin_mode == STDIN_ONCE || (!left && !others_hold_stdin(i))))
		close_stdin();
}

static void drop_client(int i)
{
	struct client *c = &clients[i];
	if (sources[CLIENTS + i].fd < 0)
		return;
	if (c->attached)
		client_input_ended(i, 1);
	chunk.waiting -= c->sending + c->holding;
	drop(CLIENTS + i);
	memset(c, 0, sizeof *c);
}

/* ---- output ---- */

/* Continue sending the current chunk to client i: Docker's 8-byte header before it unless there is a terminal. */
static void push_chunk(int i)
{
	struct client *c = &clients[i];
	uint32_t head = terminal ? 0 : sizeof chunk.head, total = head + chunk.length;
	while (c->sent < total) {
		struct iovec parts[2] = { { chunk.head + c->sent, 0 }, { chunk.bytes, chunk.length } };
		if (c->sent < head) {
			parts[0].iov_len = head - c->sent;
		} else {
			parts[1].iov_base = chunk.bytes + (c->sent - head);
			parts[1].iov_len = total - c->sent;
		}
		struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
		if (!parts[0].iov_len) {
			m.msg_iov = parts + 1;
			m.msg_iovlen = 1;
		}
		ssize_t n = sendmsg(sources[CLIENTS + i].fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			chunk.waiting += !c->sending;
			c->sending = 1;
			return;
		}
		if (n < 0) {
			drop_client(i);
			return;
		}
		c->sent += (uint32_t)n;
	}
	chunk.waiting -= c->sending;
	c->sending = 0;
}

static void put_head(char *head, int stream, uint32_t length)
{
	memset(head, 0, sizeof chunk.head);
	head[0] = (char)stream;
	for (int i = 0; i < 4; i++)
		head[4 + i] = (char)(length >> (24 - 8 * i));
}

static uint32_t attach_flag(int stream)
{
	return stream == 1 ? ATTACH_STDOUT : ATTACH_STDERR;
}

static void deliver(int stream)
{
	put_head(chunk.head, stream, chunk.length);
	for (int i = 0; i < MAX_CLIENTS; i++) {
		if (sources[CLIENTS + i].fd < 0 || !clients[i].attached || !(clients[i].attach & attach_flag(stream)))
			continue;
		clients[i].sent = 0;
		push_chunk(i);
	}
}

static void end_output(int source)
{
	log_end(source == OUT ? 1 : 2);
	drop(source);
}

/* Read and pass on until nothing is there, or a client is slow. */
static void pump(int source)
{
	int stream = source == OUT ? 1 : 2;
	for (int turn = 0; turn < READS_A_TURN && !chunk.waiting && sources[source].fd >= 0; turn++) {
		if (log_stalled() && !exited)
			break;
		ssize_t n = read(sources[source].fd, chunk.bytes, sizeof chunk.bytes);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) { /* EIO: the terminal's other side is gone */
			end_output(source);
			break;
		}
		chunk.length = (uint32_t)n;
		if (exited)
			quiet_ms = now_ms() + QUIET_MS;
		log_write(stream, chunk.bytes, chunk.length);
		deliver(stream);
	}
	log_flush();
	tell_rotated();
}

/* ---- requests ---- */

/* Said before init waits, it lets init pass without anybody being asked. */
static int request_go(const struct request *r)
{
	if (state.state == STATE_LAUNCHING && r->a == 0 && !commanded && !adopt_file[0] && launch_mode == MODE_SUPERVISED) {
		gone_ahead = 1;
		return 0;
	}
	if (state.state != STATE_WAITING || r->a != state.point)
		return EINVAL;
	if (sources[SYNC].fd < 0 && !adopt_file[0])
		return ESRCH; /* killed while it waited */
	if (sources[SYNC].fd < 0) { /* adopted: the caller lets it run */
		run_on();
		tell_all();
		return 0;
	}
	state.state = STATE_LAUNCHING;
	commanded = 1;
	return send(sources[SYNC].fd, &state.pid, sizeof state.pid, MSG_NOSIGNAL) == sizeof state.pid ? 0 : errno;
}

static int request_signal(const struct request *r)
{
	pid_t pid = command ? command : (pid_t)state.pid;
	if (exited || !pid)
		return ESRCH;
	return kill(pid, (int)r->a) ? errno : 0;
}

static int request_resize(const struct request *r)
{
	struct winsize size = { .ws_row = (unsigned short)r->a, .ws_col = (unsigned short)r->b };
	if (!terminal || sources[OUT].fd < 0)
		return ENOTTY;
	return ioctl(sources[OUT].fd, TIOCSWINSZ, &size) ? errno : 0;
}

static int request_log_taken(const struct request *r)
{
	log_taken((uint64_t)r->b << 32 | r->a);
	tell_rotated();
	return 0;
}

static int request_hold(int i)
{
	if (launch_mode != MODE_SUPERVISED)
		return EOPNOTSUPP;
	chunk.waiting += !clients[i].holding;
	clients[i].holding = 1;
	return 0;
}

static int request_attach(int i, const struct request *r)
{
	if (launch_mode != MODE_SUPERVISED)
		return EOPNOTSUPP;
	clients[i].attach = r->a & (stdin_mode == STDIN_CLOSED ? ~(uint32_t)ATTACH_STDIN : ~0u);
	return 0;
}

/* The socket is new: it has room for two such lines. */
static void send_open_line(int i, int stream)
{
	char head[sizeof chunk.head];
	uint32_t length;
	const char *line = log_open_line(stream, &length);
	if (!length || sources[CLIENTS + i].fd < 0 || !(clients[i].attach & attach_flag(stream)))
		return;
	put_head(head, stream, length);
	struct iovec parts[2] = { { head, terminal ? 0 : sizeof head }, { (char *)line, length } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	if (sendmsg(sources[CLIENTS + i].fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)(parts[0].iov_len + length))
		drop_client(i);
}

static void attach_client(int i)
{
	struct client *c = &clients[i];
	c->attached = 1;
	if (!c->holding)
		return;
	c->holding = 0;
	chunk.waiting--;
	send_open_line(i, 1);
	send_open_line(i, 2);
}

static void answer(int i)
{
	struct client *c = &clients[i];
	uint32_t result = EINVAL;
	switch (c->request.type) {
	case REQUEST_GO:
		result = (uint32_t)request_go(&c->request);
		break;
	case REQUEST_SIGNAL:
		result = (uint32_t)request_signal(&c->request);
		break;
	case REQUEST_RESIZE:
		result = (uint32_t)request_resize(&c->request);
		break;
	case REQUEST_ATTACH:
		result = (uint32_t)request_attach(i, &c->request);
		break;
	case REQUEST_LOG_TAKEN:
		result = (uint32_t)request_log_taken(&c->request);
		break;
	case REQUEST_HOLD:
		result = (uint32_t)request_hold(i);
		break;
	}
	int attach = c->request.type == REQUEST_ATTACH && !result;
	c->request_bytes = 0;
	send_frame(i, FRAME_RESULT, &result, sizeof result);
	if (attach && sources[CLIENTS + i].fd >= 0)
		attach_client(i);
}

static void read_requests(int i)
{
	struct client *c = &clients[i];
	while (sources[CLIENTS + i].fd >= 0 && !c->attached) {
		ssize_t n = recv(sources[CLIENTS + i].fd, (char *)&c->request + c->request_bytes, sizeof c->request - c->request_bytes,
				 MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			drop_client(i);
			return;
		}
		c->request_bytes += (uint32_t)n;
		if (c->request_bytes == sizeof c->request)
			answer(i);
	}
}

static void read_input(int i)
{
	struct client *c = &clients[i];
	if (c->input_ended || input.done < input.length)
		return;
	ssize_t n = recv(sources[CLIENTS + i].fd, input.bytes, sizeof input.bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && c->left)) {
		drop_client(i);
	} else if (n == 0) {
		client_input_ended(i, 0);
	} else if (c->attach & ATTACH_STDIN) {
		input.length = (uint32_t)n;
		push_input();
	}
}

/* The client closed its connection. What it wrote before is still input; then it is dropped. */
static void client_left(int i)
{
	struct client *c = &clients[i];
	if (!c->attached || !(c->attach & ATTACH_STDIN) || c->input_ended) {
		drop_client(i);
		return;
	}
	c->left = 1;
	c->attach = ATTACH_STDIN;
	chunk.waiting -= c->sending;
	c->sending = 0;
}

static void on_client(int i, uint32_t events)
{
	struct client *c = &clients[i];
	if (events & EPOLLERR)
		drop_client(i);
	else if (events & EPOLLHUP && !c->left)
		client_left(i);
	else if (events & EPOLLOUT && c->sending)
		push_chunk(i);
	if (!(events & EPOLLIN) || sources[CLIENTS + i].fd < 0)
		return;
	if (c->attached)
		read_input(i);
	else
		read_requests(i);
}

static void accept_clients(void)
{
	int fd;
	while ((fd = accept4(sources[LISTENER].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		int i = 0;
		while (i < MAX_CLIENTS && sources[CLIENTS + i].fd >= 0)
			i++;
		if (i == MAX_CLIENTS) {
			close(fd);
			continue;
		}
		memset(&clients[i], 0, sizeof clients[i]);
		set_source(CLIENTS + i, fd, EPOLLIN);
		send_frame(i, FRAME_STATE, &state, sizeof state);
	}
}

/* ---- init ---- */

static void send_to_console_socket(int master)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof master)];
	} control = { .head = { CMSG_LEN(sizeof master), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (char[]){ "/dev/ptmx" }, 9 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, console_path, sizeof address.sun_path);
	memcpy(CMSG_DATA(&control.head), &master, sizeof master);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) || sendmsg(fd, &m, MSG_NOSIGNAL) < 0) {
		set_failed(~0u, (uint32_t)errno, "console socket");
		kill((pid_t)state.pid, SIGKILL);
	}
	close(fd);
	close(master);
}

/* A slave of our own keeps the terminal alive while the program closes and opens it (getty, init systems). */
static void take_terminal(int master)
{
	if (console_path[0]) {
		send_to_console_socket(master);
		return;
	}
	own_slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	fcntl(master, F_SETFL, O_NONBLOCK);
	drop(OUT);
	set_source(OUT, master, EPOLLIN);
}

static void on_console(void)
{
	int master = sources[CONSOLE].fd < 0 ? -1 : adopt_console(sources[CONSOLE].fd);
	if (master >= 0)
		take_terminal(master);
}

static int receive_message(struct init_message *message, int *fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof *fd)];
	} control;
	struct iovec part = { message, sizeof *message };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(sources[SYNC].fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*fd = -1;
	if (n == sizeof *message && m.msg_controllen)
		memcpy(fd, CMSG_DATA(&control.head), sizeof *fd);
	return n < 0 ? -errno : (int)n;
}

static void on_wait(const struct init_message *message)
{
	if (gone_ahead && message->point == 0) {
		commanded = 1;
		(void)send(sources[SYNC].fd, &state.pid, sizeof state.pid, MSG_NOSIGNAL);
		return;
	}
	state.state = STATE_WAITING;
	state.point = message->point;
	int leave = launch_mode == MODE_HANDOVER && message->point == 0;
	if (leave)
		write_status(); /* pid and start time, for whoever starts it */
	tell_all();
	if (leave)
		_exit(0);
}

/* End of file: execve closed init's end, or init was killed before it; the latter shows as its exit by signal. */
static void on_sync(void)
{
	struct init_message message;
	int n, fd;
	while (sources[SYNC].fd >= 0 && (n = receive_message(&message, &fd)) != -EAGAIN) {
		if (n == -EINTR)
			continue;
		if (n != sizeof message) {
			drop(SYNC);
			if (state.state == STATE_LAUNCHING && !command) {
				run_on();
				tell_all();
			}
		} else if (message.kind == MSG_WAIT) {
			on_wait(&message);
		} else if (message.kind == MSG_PTY && fd >= 0) {
			take_terminal(fd);
		} else if (message.kind == MSG_FAILED) {
			set_failed(message.step, message.error, message.what);
		}
	}
}

/* ---- memory that ran out ---- */

/* The oom_kill line of memory.oom_control (v1) or memory.events (v2), 0 when there is none. */
static uint64_t read_oom_kills(int fd)
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

static uint64_t oom_kills(void)
{
	int fd = oom_path[0] ? open(oom_path, O_RDONLY | O_CLOEXEC) : -1;
	uint64_t value = read_oom_kills(fd);
	if (fd >= 0)
		close(fd);
	return value;
}

/* v1: cgroup.event_control beside the file takes "EVENTFD FILE" (admin-guide/cgroup-v1/memory.rst, "OOM Control"). */
static int notification_of(int file)
{
	char path[PATH_MAX + 32], text[48];
	char *slash = strrchr(strcpy(path, oom_path), '/');
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	strcpy(slash + 1, "cgroup.event_control");
	put_decimal(text, (uint64_t)event);
	strcat(text, " ");
	put_decimal(text + strlen(text), (uint64_t)file);
	int control = open(path, O_WRONLY | O_CLOEXEC);
	int taken = control >= 0 && write(control, text, strlen(text)) > 0;
	close(control);
	if (taken)
		return event;
	close(event);
	return -1;
}

/* That nothing is told of before the end is all that follows when this cannot be. */
static void watch_oom(void)
{
	int file = oom_path[0] ? open(oom_path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return;
	oom_before = oom_told = read_oom_kills(file);
	oom_counted = !strcmp(strrchr(oom_path, '/'), "/memory.events");
	if (oom_counted) {
		set_source(OOM, file, EPOLLPRI);
		return;
	}
	int event = notification_of(file);
	close(file);
	if (event >= 0)
		set_source(OOM, event, EPOLLIN);
}

static void on_oom(void)
{
	uint64_t count;
	int fd = sources[OOM].fd;
	if (fd < 0)
		return;
	if (oom_counted) {
		count = read_oom_kills(fd);
		if (count <= oom_told)
			return;
		oom_told = count;
	} else if (read(fd, &count, sizeof count) != sizeof count || access(oom_path, F_OK)) {
		return; /* the removal of the cgroup is notified too */
	}
	tell_happened(FRAME_OOM);
}

static void on_init_exit(int status)
{
	on_sync();
	on_oom();
	drop(OOM);
	exited = 1;
	exit_ms = now_ms();
	quiet_ms = exit_ms + QUIET_MS;
	state.signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
	state.exit_code = state.signal ? 128 + state.signal : (uint32_t)WEXITSTATUS(status);
	state.finished_ns = clock_ns(CLOCK_REALTIME);
	if (!state.started_ns) /* adopted, and quicker than who lets it go */
		state.started_ns = state.finished_ns;
	state.oom_killed = oom_kills() > oom_before;
	drop(IN);
	if (own_slave >= 0)
		close(own_slave);
	own_slave = -1;
}

/* The foreign runtime's command is over. What it started is ours by now, and may have ended before. */
static void on_command_exit(int status)
{
	int pid = status ? 0 : adopt_pid(adopt_file);
	on_sync();
	on_console();
	command = 0;
	drop(CONSOLE);
	if (pid <= 0) {
		if (state.state != STATE_FAILED)
			set_failed(~0u, (uint32_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)), "runtime");
		on_init_exit(status);
		return;
	}
	take_init(pid);
	watch_oom();
	if (commanded)
		run_on();
	else
		state.state = STATE_WAITING;
	tell_all();
	for (int i = 0; i < MAX_EARLY; i++)
		if (early[i].pid == pid)
			on_init_exit(early[i].status);
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;
	while (read(sources[SIGNALS].fd, &info, sizeof info) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command)
			on_command_exit(status);
		else if (pid == (pid_t)state.pid)
			on_init_exit(status);
		else if (command)
			early[early_count++ % MAX_EARLY] = (struct ended){ pid, status };
	}
}

/* ---- the loop ---- */

static void dispatch(int i, uint32_t events)
{
	if (i == SIGNALS)
		reap();
	else if (i == LISTENER)
		accept_clients();
	else if (i == SYNC)
		on_sync();
	else if (i == CONSOLE)
		on_console();
	else if (i == OOM)
		on_oom();
	else if (i == IN)
		push_input();
	else if (i >= CLIENTS)
		on_client(i - CLIENTS, events);
	else {
		if (events & EPOLLOUT)
			push_input();
		if (events & ~(uint32_t)EPOLLOUT)
			pump(i);
	}
}

/* Clients that do not read must not keep the exit from being known. */
static void drop_stuck_clients(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].sending || clients[i].holding)
			drop_client(i);
}

/* After init's exit: whether output is over. */
static int drained(void)
{
	uint64_t now = now_ms();
	if (now >= exit_ms + DRAIN_MS)
		drop_stuck_clients();
	pump(OUT);
	pump(ERR);
	if (chunk.waiting)
		return 0;
	return (sources[OUT].fd < 0 && sources[ERR].fd < 0) || now >= quiet_ms || now >= exit_ms + DRAIN_MS;
}

static void finish(void)
{
	end_output(OUT);
	end_output(ERR);
	if (state.state == STATE_FAILED)
		return;
	state.state = STATE_EXITED;
	write_status();
	tell_all();
}

int monitor_loop(void)
{
	struct epoll_event events[16];
	for (;;) {
		if (exited && drained())
			break;
		rewatch();
		int n = epoll_wait(epoll_fd, events, 16, exited ? QUIET_MS / 3 : -1);
		for (int i = 0; i < n; i++)
			if (sources[events[i].data.u32].fd >= 0)
				dispatch((int)events[i].data.u32, events[i].events);
	}
	finish();
	return 0;
}

/* ---- start ---- */

static int open_signals(void)
{
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	int fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? failed("signalfd", "") : fd;
}

/* Child ends in child[], ours into the sources. */
static int open_stdio(int child[3])
{
	int in[2] = { -1, -1 }, out[2], err[2];
	if (launch_mode != MODE_SUPERVISED) {
		for (int i = 0; i < 3; i++)
			child[i] = i;
		return 0;
	}
	for (int i = 0; i < 3; i++)
		if ((child[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
			return failed("open", "/dev/null");
	if (terminal)
		return 0;
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || (stdin_mode != STDIN_CLOSED && pipe2(in, O_CLOEXEC)))
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

/* Make and configure init; what belongs to the child is closed here afterwards. */
static int start_init(struct plan *plan)
{
	struct spawn spawn = { .plan = plan, .listener = sources[LISTENER].fd, .keep_fds = (int)plan->launch->arg[LAUNCH_PRESERVE_FDS].n };
	int sync[2];
	for (uint32_t i = 0; i < plan->step_count; i++) {
		failure_reset();
		failed_step = i;
		if (prepare_step(&plan->steps[i]) >= 0)
			continue;
		plan->steps[i].skip = plan_tolerates(&plan->steps[i], errno);
		if (!plan->steps[i].skip)
			return -1;
	}
	failed_step = ~0u;
	failure_reset();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync) || open_stdio(spawn.stdio))
		return failed("socketpair", "");
	spawn.sync = sync[1];
	set_source(SYNC, sync[0], EPOLLIN);
	int pid = spawn_init(&spawn);
	if (pid < 0)
		return -1;
	if (adopt_file[0])
		command = pid;
	else
		take_init(pid);
	close(sync[1]);
	for (int i = 0; i < 3; i++)
		if (spawn.stdio[i] > 2)
			close(spawn.stdio[i]);
	for (uint32_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].fd >= 0)
			close(plan->steps[i].fd);
	if (spawn_configure(plan, pid, &failed_step))
		return -1;
	failed_step = ~0u;
	return send(sources[SYNC].fd, &pid, sizeof pid, MSG_NOSIGNAL) == sizeof pid ? 0 : failed("release", "");
}

static int copy_path(char *to, size_t size, const struct arg *path)
{
	if (path->n >= size) {
		errno = ENAMETOOLONG;
		return failed("path", path->s);
	}
	memcpy(to, path->s, path->n + 1);
	return 0;
}

/* The attributes outlive the launch message. */
static int open_log(const struct arg *a)
{
	uint32_t flags = (uint32_t)a[LAUNCH_LOG_FLAGS].n;
	struct log_settings log = {
		.path = log_path,
		.max_size = a[LAUNCH_LOG_MAX_SIZE].n,
		.max_files = (uint32_t)a[LAUNCH_LOG_MAX_FILES].n,
		.json = (flags & LOG_JSON) != 0,
		.hold = (flags & LOG_HOLD) != 0,
		.attributes_length = (uint32_t)a[LAUNCH_LOG_ATTRIBUTES].n,
	};
	if (log.attributes_length) {
		char *copy = mmap(NULL, log.attributes_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (copy == MAP_FAILED)
			return failed("allocate", "log attributes");
		memcpy(copy, a[LAUNCH_LOG_ATTRIBUTES].s, log.attributes_length);
		log.attributes = copy;
	}
	return log_open(&log);
}

static int settings(const struct plan *plan)
{
	const struct arg *a = plan->launch->arg;
	terminal = a[LAUNCH_TERMINAL].n != 0;
	stdin_mode = (int)a[LAUNCH_STDIN].n;
	launch_mode = (int)a[LAUNCH_MODE].n;
	if (copy_path(log_path, sizeof log_path, &a[LAUNCH_LOG_PATH]) || copy_path(oom_path, sizeof oom_path, &a[LAUNCH_OOM_EVENTS]) ||
	    copy_path(console_path, sizeof console_path, &a[LAUNCH_CONSOLE_SOCKET]) ||
	    copy_path(adopt_file, sizeof adopt_file, &a[LAUNCH_ADOPT]))
		return -1;
	if (adopt_file[0] && terminal) {
		int fd = adopt_listen();
		if (fd < 0)
			return -1;
		set_source(CONSOLE, fd, EPOLLIN);
	}
	if (launch_mode != MODE_HANDOVER)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!adopt_file[0])
		watch_oom();
	return log_path[0] ? open_log(a) : 0;
}

static int open_loop(int listener)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int signals = open_signals();
	if (epoll_fd < 0 || signals < 0)
		return failed("epoll", "");
	set_source(SIGNALS, signals, EPOLLIN);
	set_source(LISTENER, listener, EPOLLIN);
	state.monitor_pid = (uint32_t)getpid();
	return 0;
}

/* The caller's stdio and descriptors are the process' business only. */
static void close_inherited(const struct plan *plan)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	for (int i = 0; i < (int)plan->launch->arg[LAUNCH_PRESERVE_FDS].n; i++)
		close(3 + i);
}

int monitor_start(struct plan *plan, int listener)
{
	failed_step = ~0u;
	if (open_loop(listener) || settings(plan) || start_init(plan))
		return -1;
	close_inherited(plan);
	return 0;
}

/* Nobody may have connected yet: the status file says what happened; those who wait in the queue are told as well. */
void monitor_fail(void)
{
	set_failed(failed_step, (uint32_t)errno, failure_text());
	pid_t pid = command ? command : (pid_t)state.pid;
	if (pid)
		kill(pid, SIGKILL);
	accept_clients();
	/* A pid namespace ends only when the last that was in it is reaped; whoever inherits ours may never do it. */
	while (pid && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

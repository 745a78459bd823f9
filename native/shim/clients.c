/* Clients of the control socket (src/runtime/shim/control.ts). Each gets a state frame on connecting and at every change,
 * and sends requests of a fixed size; from a successful attach on the connection carries the process's bytes alone. While
 * one holds, no output is read, until it attaches or leaves: what the log has by then is all before its stream, but for
 * lines without an end, which its stream begins with. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "kernel.h"
#include "monitor.h"

static struct client {
	uint32_t attach; /* ATTACH_* once attached */
	int attached, holding, input_ended, sending, left;
	uint32_t sent, request_bytes;
	struct request request;
} clients[MAX_CLIENTS];

/* What is being delivered; `behind`: clients that have not taken it all, and those that hold. */
static struct {
	char head[8];
	const char *bytes;
	uint32_t length;
	int behind;
} chunk;

static int socket_of(int i)
{
	return source_fd(CLIENTS + i);
}

/* ---- frames ---- */

static void drop_client(int i);

static void send_frame(int i, uint32_t type, const void *bytes, uint32_t length)
{
	struct {
		struct frame_head head;
		char bytes[sizeof state];
	} frame = { .head = { type, length } };
	ssize_t total = (ssize_t)(sizeof frame.head + length);
	memcpy(frame.bytes, bytes, length);
	if (send(socket_of(i), &frame, (size_t)total, MSG_DONTWAIT | MSG_NOSIGNAL) != total)
		drop_client(i);
}

void tell(uint32_t type, const void *bytes, uint32_t length)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (socket_of(i) >= 0 && !clients[i].attached)
			send_frame(i, type, bytes, length);
}

void tell_state(void)
{
	tell(FRAME_STATE, &state, sizeof state);
}

void tell_rotated(void)
{
	if (log_take_rotated())
		tell(FRAME_ROTATED, "", 0);
}

/* ---- coming and going ---- */

static int others_hold_stdin(int except)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (i != except && socket_of(i) >= 0 && (clients[i].attach & ATTACH_STDIN) && !clients[i].input_ended)
			return 1;
	return 0;
}

/* once: the first that ends or leaves closes stdin; open: an explicit end by the last that holds it. */
static void client_input_ended(int i, int left)
{
	struct client *c = &clients[i];
	int counts = (c->attach & ATTACH_STDIN) && !c->input_ended;
	c->input_ended = 1;
	if (counts && (launch.stdin_mode == STDIN_ONCE || (!left && !others_hold_stdin(i))))
		close_input();
}

static void drop_client(int i)
{
	struct client *c = &clients[i];
	if (socket_of(i) < 0)
		return;
	if (c->attached)
		client_input_ended(i, 1);
	chunk.behind -= c->sending + c->holding;
	drop(CLIENTS + i);
	memset(c, 0, sizeof *c);
}

void accept_clients(void)
{
	int fd;
	while ((fd = accept4(source_fd(LISTENER), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		int i = 0;
		while (i < MAX_CLIENTS && socket_of(i) >= 0)
			i++;
		if (i == MAX_CLIENTS) {
			close(fd);
			continue;
		}
		set_source(CLIENTS + i, fd, EPOLLIN);
		send_frame(i, FRAME_STATE, &state, sizeof state);
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
	chunk.behind -= c->sending;
	c->sending = 0;
}

/* ---- output ---- */

static void put_head(char *head, int stream, uint32_t length)
{
	memset(head, 0, sizeof chunk.head);
	head[0] = (char)stream;
	for (int i = 0; i < 4; i++)
		head[4 + i] = (char)(length >> (24 - 8 * i));
}

static int wants(int i, int stream)
{
	return socket_of(i) >= 0 && clients[i].attached && clients[i].attach & (stream == 1 ? ATTACH_STDOUT : ATTACH_STDERR);
}

/* Both parts from `skip` on, the first without a terminal only: Docker's 8-byte header. Bytes, or -1. */
static ssize_t send_parts(int i, char *head, const char *bytes, uint32_t length, uint32_t skip)
{
	size_t head_length = launch.terminal ? 0 : sizeof chunk.head, left = skip < head_length ? head_length - skip : 0;
	struct iovec parts[2] = { { head + skip, left }, { (char *)(uintptr_t)bytes, length } };
	if (!left) {
		parts[1].iov_base = (char *)(uintptr_t)bytes + (skip - head_length);
		parts[1].iov_len = length - (skip - head_length);
	}
	struct msghdr m = { .msg_iov = left ? parts : parts + 1, .msg_iovlen = left ? 2 : 1 };
	ssize_t n;
	while ((n = sendmsg(socket_of(i), &m, MSG_DONTWAIT | MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n;
}

/* Go on sending the chunk to client i. */
static void push_chunk(int i)
{
	struct client *c = &clients[i];
	uint32_t total = chunk.length + (launch.terminal ? 0 : (uint32_t)sizeof chunk.head);
	while (c->sent < total) {
		ssize_t n = send_parts(i, chunk.head, chunk.bytes, chunk.length, c->sent);
		if (n < 0 && errno == EAGAIN) {
			chunk.behind += !c->sending;
			c->sending = 1;
			return;
		}
		if (n < 0) {
			drop_client(i);
			return;
		}
		c->sent += (uint32_t)n;
	}
	chunk.behind -= c->sending;
	c->sending = 0;
}

void deliver(int stream, const char *bytes, uint32_t length)
{
	put_head(chunk.head, stream, length);
	chunk.bytes = bytes;
	chunk.length = length;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		if (!wants(i, stream))
			continue;
		clients[i].sent = 0;
		push_chunk(i);
	}
}

int clients_behind(void)
{
	return chunk.behind;
}

void drop_behind(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].sending || clients[i].holding)
			drop_client(i);
}

void drop_clients(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		drop_client(i);
}

/* The socket is new: it has room for two such lines. */
static void send_open_line(int i, int stream)
{
	char head[sizeof chunk.head];
	uint32_t length;
	const char *line = log_open_line(stream, &length);
	if (!length || !wants(i, stream))
		return;
	put_head(head, stream, length);
	if (send_parts(i, head, line, length, 0) != (ssize_t)(length + (launch.terminal ? 0 : sizeof head)))
		drop_client(i);
}

static void attach_client(int i)
{
	struct client *c = &clients[i];
	c->attached = 1;
	if (!c->holding)
		return;
	c->holding = 0;
	chunk.behind--;
	send_open_line(i, 1);
	send_open_line(i, 2);
}

/* ---- requests ---- */

static int perform(int i, const struct request *r)
{
	struct client *c = &clients[i];
	switch (r->type) {
	case REQUEST_GO:
		return monitor_go(r->a);
	case REQUEST_SIGNAL:
		return monitor_signal((int)r->a);
	case REQUEST_RESIZE:
		return resize_terminal(r->a, r->b);
	case REQUEST_LOG_TAKEN:
		log_taken((uint64_t)r->b << 32 | r->a);
		tell_rotated();
		return 0;
	case REQUEST_HOLD:
		if (launch.mode != MODE_SUPERVISED)
			return EOPNOTSUPP;
		chunk.behind += !c->holding;
		c->holding = 1;
		return 0;
	case REQUEST_ATTACH:
		if (launch.mode != MODE_SUPERVISED)
			return EOPNOTSUPP;
		c->attach = r->a & (launch.stdin_mode == STDIN_CLOSED ? ~(uint32_t)ATTACH_STDIN : ~0u);
		return 0;
	default:
		return EINVAL;
	}
}

static void answer(int i)
{
	struct client *c = &clients[i];
	uint32_t result = (uint32_t)perform(i, &c->request);
	int attaches = c->request.type == REQUEST_ATTACH && !result;
	c->request_bytes = 0;
	send_frame(i, FRAME_RESULT, &result, sizeof result);
	if (attaches && socket_of(i) >= 0)
		attach_client(i);
}

static void read_requests(int i)
{
	struct client *c = &clients[i];
	while (socket_of(i) >= 0 && !c->attached) {
		ssize_t n = read(socket_of(i), (char *)&c->request + c->request_bytes, sizeof c->request - c->request_bytes);
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
	if (c->input_ended || input_waits())
		return;
	ssize_t n = take_input(socket_of(i), (c->attach & ATTACH_STDIN) != 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && c->left))
		drop_client(i);
	else if (n == 0)
		client_input_ended(i, 0);
}

/* ---- events ---- */

void client_event(int i, uint32_t events)
{
	struct client *c = &clients[i];
	if (events & EPOLLERR)
		drop_client(i);
	else if (events & EPOLLHUP && !c->left)
		client_left(i);
	else if (events & EPOLLOUT && c->sending)
		push_chunk(i);
	if (!(events & EPOLLIN) || socket_of(i) < 0)
		return;
	if (c->attached)
		read_input(i);
	else
		read_requests(i);
}

void clients_watch(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &clients[i];
		uint32_t in = c->input_ended || (c->attached && input_waits()) ? 0 : EPOLLIN;
		watch(CLIENTS + i, c->left ? in : in | (c->sending ? EPOLLOUT : 0) | EPOLLHUP);
	}
}

/* The monitor: parent of one process tree, outlives the engine. One epoll loop; no allocation after start.
 *
 *               ┌─ go ──┐
 *   launching ──┴▶ waiting      init's messages tell of waits, its terminal and failures; the end of them, of execve
 *      │ execve      │
 *   running          │          failed and exited are the last: written to the file `status`, told to whoever listens
 *      │ exit        │ killed
 *   exited ◀─────────┘          failed ◀── from launching and waiting
 *                               exited, never started ◀── killed before it was let go
 *
 * A foreign runtime's command runs in init's place: what it leaves behind is adopted, and waits when the command is over.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include "kernel.h"
#include "monitor.h"

#define MAX_EARLY 16 /* orphans that ended while the foreign runtime's command went on */
#define DRAIN_TURN_MS 100

struct launch launch;
struct state state = { .magic = STATE_MAGIC, .state = STATE_LAUNCHING };

static enum { UNTOLD, AHEAD, TOLD } go; /* AHEAD: before init waited, where the word lies until it does */
static int ended;
static pid_t command; /* a foreign runtime's, until it ends */
static struct orphan {
	pid_t pid;
	int status;
} early[MAX_EARLY];
static unsigned early_count;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- state ---- */

void take_init(int pid)
{
	state.pid = (uint32_t)pid;
	state.start_ticks = start_ticks(pid);
}

void take_command(int pid)
{
	command = pid;
}

static void run_on(void)
{
	processors_take();
	state.state = STATE_RUNNING;
	state.started_ns = clock_ns(CLOCK_REALTIME);
	tell_state();
}

static void write_status(void)
{
	if (write_once(open("status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), (const char *)&state, sizeof state) == 0)
		(void)rename("status.new", "status");
}

static void set_failed(uint32_t step, uint32_t error, const char *what)
{
	processors_take();
	state.state = STATE_FAILED;
	state.step = step;
	state.error = error;
	memset(state.what, 0, sizeof state.what);
	strncpy(state.what, what, sizeof state.what - 1);
	state.finished_ns = clock_ns(CLOCK_REALTIME);
	write_status();
	tell_state();
}

/* ---- what clients ask for ---- */

int monitor_release(int pid)
{
	return send(source_fd(SYNC), &pid, sizeof pid, MSG_NOSIGNAL) == sizeof pid ? 0 : -1;
}

/* Said before init waits, it lies there until init does: nobody has to be awake then. */
int monitor_go(uint32_t point)
{
	int adopts = launch.adopt_file[0] != 0;
	if (state.state == STATE_LAUNCHING && point == 0 && go == UNTOLD && launch.waits_once) {
		go = AHEAD;
		(void)monitor_release((int)state.pid);
		return 0;
	}
	if (state.state != STATE_WAITING || point != state.point)
		return EINVAL;
	if (source_fd(SYNC) < 0 && !adopts)
		return ESRCH; /* killed while it waited */
	if (source_fd(SYNC) < 0) { /* adopted: the caller lets it run */
		run_on();
		return 0;
	}
	state.state = STATE_LAUNCHING;
	go = TOLD;
	return monitor_release((int)state.pid) ? errno : 0;
}

/* The process is our child and not buried yet, so its pid is still its own. */
int monitor_signal(int number)
{
	pid_t pid = command ? command : (pid_t)state.pid;
	if (ended || !pid)
		return ESRCH;
	return kill(pid, number) ? errno : 0;
}

/* ---- init's messages ---- */

static void send_to_console_socket(int master)
{
	cleanup_close int fd = connect_to(launch.console_path);
	if (fd < 0 || send_fd(fd, "/dev/ptmx", 9, master)) {
		set_failed(~0u, (uint32_t)errno, "console socket");
		kill((pid_t)state.pid, SIGKILL);
	}
	close(master);
}

static void on_terminal(int master)
{
	if (launch.console_path[0])
		send_to_console_socket(master);
	else
		take_terminal(master);
}

static void on_console(void)
{
	int master = source_fd(CONSOLE) < 0 ? -1 : adopt_console(source_fd(CONSOLE));
	if (master >= 0)
		on_terminal(master);
}

static void on_wait(uint32_t point)
{
	if (go == AHEAD) {
		go = TOLD;
		return;
	}
	processors_take();
	state.state = STATE_WAITING;
	state.point = point;
	int leave = launch.mode == MODE_HANDOVER && point == 0;
	if (leave)
		write_status(); /* pid and start time, for whoever starts it */
	tell_state();
	if (leave)
		_exit(0);
}

/* End of file: execve closed init's end, or init was killed before it. Once it was let go the two look alike, and the latter
 * shows as its exit by signal; before, it never ran. */
static void on_sync(void)
{
	struct init_message message;
	int fd;
	while (source_fd(SYNC) >= 0) {
		ssize_t n = receive_fd(source_fd(SYNC), &message, sizeof message, &fd, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof message) {
			drop(SYNC);
			if (state.state == STATE_LAUNCHING && go == TOLD && !command)
				run_on();
		} else if (message.kind == MSG_WAIT) {
			on_wait(message.point);
		} else if (message.kind == MSG_PTY && fd >= 0) {
			on_terminal(fd);
		} else if (message.kind == MSG_FAILED) {
			set_failed(message.step, message.error, message.what);
		}
	}
}

/* ---- its end ---- */

static void on_init_exit(int status)
{
	on_sync();
	on_oom();
	drop(OOM);
	ended = 1;
	streams_ended();
	state.signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
	state.exit_code = state.signal ? 128 + state.signal : (uint32_t)WEXITSTATUS(status);
	state.finished_ns = clock_ns(CLOCK_REALTIME);
	if (!state.started_ns && launch.adopt_file[0]) /* it was quicker than who lets it go */
		state.started_ns = state.finished_ns;
	state.oom_killed = (uint32_t)ran_out();
}

/* The foreign runtime's command is over. What it started is ours by now, and may have ended before. */
static void on_command_exit(int status)
{
	int pid = status ? 0 : adopt_pid(launch.adopt_file);
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
	if (go == TOLD) {
		run_on();
	} else {
		state.state = STATE_WAITING;
		tell_state();
	}
	for (int i = 0; i < MAX_EARLY; i++)
		if (early[i].pid == pid)
			on_init_exit(early[i].status);
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;
	while (read(source_fd(SIGNALS), &info, sizeof info) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command)
			on_command_exit(status);
		else if (pid == (pid_t)state.pid)
			on_init_exit(status);
		else if (command)
			early[early_count++ % MAX_EARLY] = (struct orphan){ pid, status };
	}
}

/* ---- the loop ---- */

static void dispatch(int i, uint32_t events)
{
	if (i >= CLIENTS) {
		client_event(i - CLIENTS, events);
		return;
	}
	switch (i) {
	case SIGNALS:
		reap();
		break;
	case LISTENER:
		accept_clients();
		break;
	case SYNC:
		on_sync();
		break;
	case CONSOLE:
		on_console();
		break;
	case OOM:
		on_oom();
		break;
	case IN:
		push_input();
		break;
	default: /* a terminal is both */
		if (events & EPOLLOUT)
			push_input();
		if (events & ~(uint32_t)EPOLLOUT) {
			on_sync(); /* who writes was started before */
			pump(i);
		}
	}
}

int monitor_loop(void)
{
	while (!ended || !streams_drained()) {
		/* What every source is waited for follows from the state alone. */
		streams_watch();
		clients_watch();
		sources_wait(ended ? DRAIN_TURN_MS : -1, dispatch);
	}
	end_output(OUT);
	end_output(ERR);
	if (state.state != STATE_FAILED) {
		state.state = STATE_EXITED;
		write_status();
		tell_state();
	}
	/* What else the monitor holds goes with it, which may take a while (outlives_init() in start.c). */
	drop_clients();
	drop(LISTENER);
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

/* From the launch message to what the monitor supervises. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include "kernel.h"
#include "monitor.h"

uint32_t failed_step = ~0u;

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
		.path = launch.log_path,
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

static int take_settings(const struct arg *a)
{
	launch.terminal = a[LAUNCH_TERMINAL].n != 0;
	launch.stdin_mode = (int)a[LAUNCH_STDIN].n;
	launch.mode = (int)a[LAUNCH_MODE].n;
	return copy_path(launch.log_path, sizeof launch.log_path, &a[LAUNCH_LOG_PATH]) ||
	       copy_path(launch.oom_path, sizeof launch.oom_path, &a[LAUNCH_OOM_EVENTS]) ||
	       copy_path(launch.console_path, sizeof launch.console_path, &a[LAUNCH_CONSOLE_SOCKET]) ||
	       copy_path(launch.adopt_file, sizeof launch.adopt_file, &a[LAUNCH_ADOPT]);
}

static unsigned count(const struct plan *plan, uint16_t code)
{
	unsigned found = 0;
	for (uint32_t i = 0; i < plan->step_count; i++)
		found += plan->steps[i].code == code;
	return found;
}

/* Nobody but who lets it go is waited for: every plan waits for that once. */
static int waits_once(const struct plan *plan)
{
	return launch.mode == MODE_SUPERVISED && !launch.adopt_file[0] && count(plan, OP_WAIT) == 1;
}

static int open_signals(void)
{
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	int fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? failed("signalfd", "") : fd;
}

static int open_sources(const struct arg *a, int listener)
{
	int signals = sources_open() ? -1 : open_signals();
	if (signals < 0)
		return -1;
	set_source(SIGNALS, signals, EPOLLIN);
	set_source(LISTENER, listener, EPOLLIN);
	if (launch.adopt_file[0] && launch.terminal) {
		int fd = adopt_listen();
		if (fd < 0)
			return -1;
		set_source(CONSOLE, fd, EPOLLIN);
	}
	return launch.log_path[0] ? open_log(a) : 0;
}

static int prepare(const struct plan *plan)
{
	for (failed_step = 0; failed_step < plan->step_count; failed_step++) {
		struct record *step = &plan->steps[failed_step];
		failure_reset();
		step->skip = prepare_step(step) < 0;
		if (step->skip && !plan_tolerates(step, errno))
			return -1;
	}
	failed_step = ~0u;
	failure_reset();
	return 0;
}

/* The last reference to an overlay writes back all of the file system that its upper directory is on: who waits for the end
 * of the process would wait for that too, if it were the process's. The monitor's goes with the monitor, when all is told. */
static int outlives_init(const struct record *step)
{
	return step->code == OP_ROOT_OVERLAY;
}

/* Make and configure init; what belongs to the child is closed here afterwards. */
static int start_init(const struct plan *plan)
{
	struct spawn spawn = { .plan = plan,
			       .listener = launch.mode == MODE_HANDOVER ? source_fd(LISTENER) : -1,
			       .keep_fds = (int)plan->launch->arg[LAUNCH_PRESERVE_FDS].n };
	int sync[2];
	if (streams_open(spawn.stdio))
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync))
		return failed("socketpair", "");
	spawn.sync = sync[1];
	set_source(SYNC, sync[0], EPOLLIN);
	int pid = spawn_init(&spawn);
	if (pid < 0)
		return -1;
	if (launch.adopt_file[0])
		take_command(pid);
	else
		take_init(pid);
	if (network_leave())
		return -1;
	close(sync[1]);
	for (int i = 0; i < 3; i++)
		if (spawn.stdio[i] > 2)
			close(spawn.stdio[i]);
	for (uint32_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].fd >= 0 && !outlives_init(&plan->steps[i]))
			close(plan->steps[i].fd);
	if (spawn_configure(plan, pid, &failed_step))
		return -1;
	failed_step = ~0u;
	return monitor_release(pid) ? failed("release", "") : 0;
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

int monitor_start(const struct plan *plan, int listener)
{
	const struct arg *a = plan->launch->arg;
	state.monitor_pid = (uint32_t)getpid();
	if (network_settle(plan) || take_settings(a) || open_sources(a, listener))
		return -1;
	launch.waits_once = waits_once(plan);
	if (!launch.waits_once || count(plan, OP_CPU_AFFINITY))
		processors_take();
	if (launch.mode != MODE_HANDOVER)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (prepare(plan))
		return -1;
	words_close();
	if (!launch.adopt_file[0])
		watch_oom();
	if (start_init(plan))
		return -1;
	close_inherited(plan);
	return 0;
}

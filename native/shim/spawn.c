/* Namespaces and clone. Without anything to join the monitor clones init itself; otherwise a helper enters the namespaces
 * and clones init as its sibling (CLONE_PARENT), so that the monitor is its parent either way. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "kernel.h"
#include "shim.h"

#define MAX_JOINS 16
#define MAX_HIERARCHIES 32

struct report {
	int pid, error;
	char what[WHAT_BYTES];
};

static int cgroup_pending; /* CLONE_INTO_CGROUP was refused: the pid is written to cgroup.procs instead */
static int cgroup_fd = -1; /* opened before namespaces are joined: its path is the host's */
static int task_files[MAX_HIERARCHIES], task_file_count; /* v1 hierarchies' files, likewise */

static int cgroup_refused(int error)
{
	return error == EOPNOTSUPP || error == EBUSY || error == EACCES || error == EPERM || error == EINVAL;
}

static int open_cgroup(const struct plan *plan)
{
	const struct arg *directory = &plan->namespaces->arg[NAMESPACES_CGROUP_DIRECTORY];
	const struct arg *tasks = &plan->namespaces->arg[NAMESPACES_CGROUP_PROCS];
	const char *cursor = tasks->s;
	if (tasks->n > MAX_HIERARCHIES) {
		errno = E2BIG;
		return failed("cgroup", "");
	}
	for (; task_file_count < (int)tasks->n; task_file_count++) {
		const char *path = plan_string(&cursor);
		task_files[task_file_count] = open(path, O_WRONLY | O_CLOEXEC);
		if (task_files[task_file_count] < 0)
			return failed("cgroup", path);
	}
	cgroup_pending = directory->n != 0;
	if (cgroup_pending && (cgroup_fd = open(directory->s, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return failed("cgroup", directory->s);
	return 0;
}

static int clone_init(const struct spawn *spawn, uint64_t flags)
{
	int pid = -1, signal_number = flags & CLONE_PARENT ? 0 : SIGCHLD;
	if (cgroup_pending) {
		pid = k_clone(flags | K_CLONE_CLEAR_SIGHAND | K_CLONE_INTO_CGROUP, cgroup_fd, signal_number);
		if (pid >= 0)
			cgroup_pending = 0;
		else if (!cgroup_refused(errno))
			return failed("clone", "");
	}
	if (pid < 0)
		pid = k_clone(flags | K_CLONE_CLEAR_SIGHAND, 0, signal_number);
	if (pid == 0)
		init_main(spawn);
	return pid < 0 ? failed("clone", "") : pid;
}

/* ---- joining ---- */

/* Field 22 of /proc/pid/stat, proc_pid_stat(5); 0 when there is no such process. */
uint64_t start_ticks(int pid)
{
	char text[1024];
	cleanup_close int fd = open_proc(pid, "/stat");
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length <= 0)
		return 0;
	text[length] = 0;
	char *at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	uint64_t ticks = 0;
	for (at = at ? at + 1 : (char *)""; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (uint64_t)(*at - '0');
	return ticks;
}

static int open_join(const struct record *join)
{
	if (join->code == OP_JOIN_PATH) {
		int fd = open(join->arg[JOIN_PATH_PATH].s, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? failed("namespace", join->arg[JOIN_PATH_PATH].s) : fd;
	}
	int pid = (int)join->arg[JOIN_PROCESS_PID].n;
	int fd = k_pidfd_open(pid);
	if (fd >= 0 && join->arg[JOIN_PROCESS_START_TICKS].n && start_ticks(pid) != join->arg[JOIN_PROCESS_START_TICKS].n) {
		close(fd);
		fd = -1;
		errno = ESRCH;
	}
	return fd < 0 ? failed("namespace", "of process") : fd;
}

static int join_flags(const struct record *join)
{
	return (int)join->arg[join->code == OP_JOIN_PATH ? JOIN_PATH_FLAG : JOIN_PROCESS_FLAGS].n;
}

/* With rights over all of them the user namespace comes last; without, it gives the rights for the others (setns(2)). */
static int join_all(const struct plan *plan)
{
	int fds[MAX_JOINS], has_user = 0;
	if (plan->join_count > MAX_JOINS) {
		errno = EINVAL;
		return failed("namespace", "");
	}
	for (uint32_t i = 0; i < plan->join_count; i++) {
		has_user |= plan->joins[i].code == OP_JOIN_PATH && join_flags(&plan->joins[i]) == CLONE_NEWUSER;
		fds[i] = open_join(&plan->joins[i]);
		if (fds[i] < 0)
			return -1;
	}
	for (int pass = 0; pass < 3; pass++) {
		for (uint32_t i = 0; i < plan->join_count; i++) {
			int flags = join_flags(&plan->joins[i]);
			if (fds[i] < 0 || (flags == CLONE_NEWUSER) != (pass == 1))
				continue;
			if (setns(fds[i], flags) == 0) {
				close(fds[i]);
				fds[i] = -1;
			} else if (pass || errno != EPERM || !has_user) {
				return failed("setns", plan->joins[i].code == OP_JOIN_PATH ? plan->joins[i].arg[JOIN_PATH_PATH].s : "");
			}
		}
	}
	return 0;
}

/* Offsets can only be written before the first process is inside: unshare moves the children, not us. */
static int enter_time(const struct arg *offsets)
{
	if (!offsets->n)
		return 0;
	if (unshare((int)K_CLONE_NEWTIME))
		return failed("unshare", "time");
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	return write_once(fd, offsets->s, offsets->n) ? failed("time offsets", "") : 0;
}

static uint64_t create_flags(const struct plan *plan)
{
	uint64_t flags = plan->namespaces->arg[NAMESPACES_CREATE].n & ~(uint64_t)CLONE_NEWCGROUP;
	if (network_is_made())
		flags &= ~(uint64_t)CLONE_NEWNET;
	return plan->namespaces->arg[NAMESPACES_TIME_OFFSETS].n ? flags & ~(uint64_t)K_CLONE_NEWTIME : flags;
}

static _Noreturn void joiner(const struct spawn *spawn, int pipe_end)
{
	struct report report = { -1, 0, "" };
	/* The time namespace first: its file is in the host's /proc. */
	if (enter_time(&spawn->plan->namespaces->arg[NAMESPACES_TIME_OFFSETS]) == 0 && join_all(spawn->plan) == 0)
		report.pid = clone_init(spawn, create_flags(spawn->plan) | CLONE_PARENT);
	report.error = report.pid < 0 ? errno : cgroup_pending;
	strncpy(report.what, failure_text(), sizeof report.what - 1);
	_exit(write(pipe_end, &report, sizeof report) == sizeof report ? 0 : 1);
}

static int spawn_by_joiner(const struct spawn *spawn)
{
	struct report report = { -1, EPROTO, "namespace" };
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return failed("pipe", "");
	int pid = k_clone(0, 0, SIGCHLD);
	if (pid == 0)
		joiner(spawn, ends[1]);
	if (pid < 0)
		return failed("clone", "");
	close(ends[1]);
	while (read(ends[0], &report, sizeof report) < 0 && errno == EINTR)
		;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	if (report.pid > 0) {
		cgroup_pending = report.error;
		return report.pid;
	}
	errno = report.error;
	return failed(report.what, "");
}

int spawn_init(const struct spawn *spawn)
{
	const struct plan *plan = spawn->plan;
	if (open_cgroup(plan))
		return -1;
	int joins = plan->join_count || plan->namespaces->arg[NAMESPACES_TIME_OFFSETS].n;
	int pid = joins ? spawn_by_joiner(spawn) : clone_init(spawn, create_flags(plan));
	close_kept(&cgroup_fd);
	for (int i = 0; i < task_file_count; i++)
		close_kept(&task_files[i]);
	return pid;
}

/* ---- what the child cannot do for itself ---- */

/* The v2 one, where clone could not. */
static int enter_cgroup(const struct arg *directory, int pid)
{
	char number[24], path[4096];
	if (!cgroup_pending)
		return 0;
	if (directory->n + sizeof "/cgroup.procs" > sizeof path) {
		errno = ENAMETOOLONG;
		return failed("cgroup", directory->s);
	}
	strcpy(path, directory->s);
	strcpy(path + directory->n, "/cgroup.procs");
	size_t length = put_decimal(number, (uint64_t)pid);
	return write_once(open(path, O_WRONLY | O_CLOEXEC), number, length) ? failed("write", path) : 0;
}

/* In init, while it has one thread: a thread that moves itself takes no lock over all of its process (cgroup v1's tasks),
 * where moving another process waits for an RCU grace period, milliseconds long. */
int spawn_enter_tasks(void)
{
	for (int i = 0; i < task_file_count; i++)
		if (write(task_files[i], "0", 1) != 1)
			return failed("cgroup", "tasks");
	return 0;
}

static int configure_step(const struct record *step, int pid)
{
	const struct arg *a = step->arg;
	if (step->code == OP_RLIMIT) {
		struct rlimit64 limit = { a[RLIMIT_SOFT].n, a[RLIMIT_HARD].n };
		return syscall(SYS_prlimit64, pid, (int)a[RLIMIT_RESOURCE].n, &limit, NULL) ? failed("rlimit", "") : 0;
	}
	if (step->code == OP_OOM_SCORE_ADJ) {
		char text[24] = "-";
		int64_t value = (int64_t)a[OOM_SCORE_ADJ_VALUE].n;
		size_t sign = value < 0, length = sign + put_decimal(text + sign, (uint64_t)(sign ? -value : value));
		return write_proc(pid, "/oom_score_adj", text, length);
	}
	return 0;
}

int spawn_configure(const struct plan *plan, int pid, uint32_t *step)
{
	const struct arg *a = plan->namespaces->arg;
	*step = ~0u;
	if (a[NAMESPACES_UID_MAP].n && write_proc(pid, "/uid_map", a[NAMESPACES_UID_MAP].s, a[NAMESPACES_UID_MAP].n))
		return -1;
	if (a[NAMESPACES_GID_MAP].n && write_proc(pid, "/gid_map", a[NAMESPACES_GID_MAP].s, a[NAMESPACES_GID_MAP].n))
		return -1;
	if (enter_cgroup(&a[NAMESPACES_CGROUP_DIRECTORY], pid))
		return -1;
	for (*step = 0; *step < plan->step_count; ++*step) {
		failure_reset();
		if (configure_step(&plan->steps[*step], pid) && !plan_tolerates(&plan->steps[*step], errno))
			return -1;
	}
	return 0;
}

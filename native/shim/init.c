/* The init stage: interprets the plan's steps in the new process and execs the program. Speaks to the monitor over
 * `sync` (SOCK_SEQPACKET, close-on-exec): end of file there tells the monitor that execve succeeded. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include "kernel.h"
#include "shim.h"

#define DEVPTS_MAGIC 0x1cd1

static const struct spawn *spawned;
static int handover_client = -1;

static int send_message(uint32_t kind, uint32_t step, uint32_t value, int fd)
{
	struct init_message message = { .kind = kind, .step = step };
	if (kind == MSG_FAILED)
		message.error = value;
	else
		message.point = value;
	strncpy(message.what, failure_text(), sizeof message.what - 1);
	return send_fd(spawned->sync, &message, sizeof message, fd);
}

/* After a handover there is no monitor: the client that said go hears about failures. */
static void report_to_client(uint32_t step, int error)
{
	struct {
		struct frame_head head;
		struct state state;
	} frame = { { FRAME_STATE, sizeof frame.state },
		    { .magic = STATE_MAGIC, .state = STATE_FAILED, .step = step, .error = (uint32_t)error } };
	strncpy(frame.state.what, failure_text(), sizeof frame.state.what - 1);
	send(handover_client, &frame, sizeof frame, MSG_NOSIGNAL);
}

static _Noreturn void give_up(uint32_t step)
{
	int error = errno;
	if (handover_client >= 0)
		report_to_client(step, error);
	else
		send_message(MSG_FAILED, step, (uint32_t)error, -1);
	_exit(127);
}

/* A word from the monitor, which begins with our pid on the host; end of file means it is gone, and so are we. */
static void await_monitor(void)
{
	ssize_t length;
	while ((length = recv(spawned->sync, &host_pid, sizeof host_pid, 0)) < 0 && errno == EINTR)
		;
	if (length != sizeof host_pid)
		_exit(127);
}

static int await_request(int client)
{
	struct {
		struct frame_head head;
		struct state state;
	} frame = { { FRAME_STATE, sizeof frame.state }, { .magic = STATE_MAGIC, .state = STATE_WAITING } };
	struct request request;
	if (send(client, &frame, sizeof frame, MSG_NOSIGNAL) < 0)
		return -1;
	return recv(client, &request, sizeof request, MSG_WAITALL) == sizeof request && request.type == REQUEST_GO ? 0 : -1;
}

/* The monitor leaves; whoever connects next and says go continues the plan. */
static void await_handover(void)
{
	char byte;
	while (recv(spawned->sync, &byte, 1, 0) < 0 && errno == EINTR)
		;
	while (handover_client < 0) {
		int client = accept4(spawned->listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		if (await_request(client) == 0)
			handover_client = client;
		else
			close(client);
	}
}

static int wait_point(uint32_t point)
{
	if (send_message(MSG_WAIT, 0, point, -1))
		return failed("wait", "");
	if (point == 0 && spawned->plan->launch->arg[LAUNCH_MODE].n == MODE_HANDOVER)
		await_handover();
	else
		await_monitor();
	processors_take(); /* a filter to come may refuse it */
	return 0;
}

/* ---- terminal ---- */

/* The image or a running container may have put anything at /dev/pts/ptmx: it must be devpts' own 5:2. */
static int open_ptmx(void)
{
	struct statfs fs;
	struct stat st;
	int fd = root_open("/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
	if (fd < 0)
		return failed("open", "/dev/pts/ptmx");
	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return failed("stat", "/dev/pts/ptmx");
	if (fs.f_type != DEVPTS_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2)) {
		errno = ENODEV;
		return failed("verify", "/dev/pts/ptmx");
	}
	return fd;
}

static int open_slave(int master, const struct arg *a)
{
	const struct arg *launch = spawned->plan->launch->arg;
	struct winsize size = { .ws_row = (unsigned short)launch[LAUNCH_ROWS].n, .ws_col = (unsigned short)launch[LAUNCH_COLUMNS].n };
	int unlock = 0;
	if (ioctl(master, TIOCSPTLCK, &unlock))
		return failed("unlock", "terminal");
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return failed("open", "terminal");
	if (size.ws_row && size.ws_col && ioctl(slave, TIOCSWINSZ, &size))
		return failed("resize", "terminal");
	if (fchown(slave, (uid_t)a[TERMINAL_UID].n, (gid_t)a[TERMINAL_GID].n))
		return failed("chown", "terminal");
	return slave;
}

static int make_terminal(const struct arg *a)
{
	int master = open_ptmx();
	int slave = master < 0 ? -1 : open_slave(master, a);
	if (slave < 0 || (a[TERMINAL_CONSOLE].n && mount_console(slave)))
		return -1;
	if (ioctl(slave, TIOCSCTTY, 0))
		return failed("controlling", "terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return failed("dup", "terminal");
	int result = send_message(MSG_PTY, 0, 0, master);
	close(slave);
	close(master);
	return result ? failed("send", "terminal") : 0;
}

/* ---- files inside ---- */

static int make_symlink(const char *path, const char *target)
{
	char directory[4096], found[4096];
	const char *name;
	int parent = root_parent(path, directory, &name);
	if (parent < 0)
		return -1;
	int result = symlinkat(target, parent, name);
	if (result && errno == EEXIST) {
		ssize_t length = readlinkat(parent, name, found, sizeof found);
		result = length == (ssize_t)strlen(target) && !memcmp(found, target, (size_t)length) ? 0 : -1;
		errno = EEXIST;
	}
	return result ? failed("symlink", path) : 0;
}

static int same_node(int parent, const char *name, mode_t mode, dev_t device)
{
	struct stat st;
	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == (mode & S_IFMT) && st.st_rdev == device;
}

static int make_node(const struct arg *a)
{
	char directory[4096];
	const char *name, *path = a[MKNOD_PATH].s;
	mode_t mode = (mode_t)a[MKNOD_MODE].n;
	uid_t uid = (uid_t)a[MKNOD_UID].n;
	gid_t gid = (gid_t)a[MKNOD_GID].n;
	dev_t device = makedev((unsigned)a[MKNOD_MAJOR].n, (unsigned)a[MKNOD_MINOR].n);
	int parent = root_parent(path, directory, &name);
	if (parent < 0)
		return -1;
	int result = mknodat(parent, name, mode, device);
	if (result && errno == EEXIST && same_node(parent, name, mode, device))
		result = 0;
	else if (!result && !root_gives(uid, gid))
		result = fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW);
	return result ? failed("mknod", path) : 0;
}

/* O_RDONLY would block on a FIFO; a directory or regular file is all that is asked for. */
static int label_file(const struct arg *a)
{
	cleanup_close int fd = root_open(a[FILE_LABEL_PATH].s, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return failed("open", a[FILE_LABEL_PATH].s);
	int result = fsetxattr(fd, "security.selinux", a[FILE_LABEL_LABEL].s, a[FILE_LABEL_LABEL].n, 0);
	return result ? failed("label", a[FILE_LABEL_PATH].s) : 0;
}

static int done(int fd)
{
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* A new namespace's mounts: keep the host from seeing ours. */
static int namespace_propagation(uint64_t propagation)
{
	return mount(NULL, "/", NULL, propagation, NULL) ? failed("propagation", "/") : 0;
}

/* A copy of a mount namespace in which there is nothing takes less than one of the host's, and so does leaving it: no mount
 * has to be detached, which waits until no processor can be using it any more (namespace_unlock() in the kernel). */
static int enter_empty_mounts(int namespace)
{
	if (setns(namespace, CLONE_NEWNS) || unshare(CLONE_NEWNS))
		return failed("mount namespace", "");
	close(namespace);
	close(root_fd);
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? failed("open", "/") : 0;
}

static int run_step(const struct record *step)
{
	const struct arg *a = step->arg;
	switch (step->code) {
	case OP_NAMESPACE_PROPAGATION:
		return namespace_propagation(a[NAMESPACE_PROPAGATION_PROPAGATION].n);
	case OP_EMPTY_MOUNTS:
		return enter_empty_mounts(step->fd);
	case OP_ROOT_OVERLAY:
	case OP_ROOT_BIND:
		return mount_root(step);
	case OP_PIVOT_ROOT:
		return mount_pivot(step);
	case OP_MOUNT_ATTRS:
		return mount_change(a[MOUNT_ATTRS_PATH].s, a[MOUNT_ATTRS_ATTR_SET].n, a[MOUNT_ATTRS_ATTR_CLEAR].n, 0,
				    a[MOUNT_ATTRS_RECURSIVE].n != 0);
	case OP_MOUNT_PROPAGATION:
		return mount_change(a[MOUNT_PROPAGATION_PATH].s, 0, 0, a[MOUNT_PROPAGATION_PROPAGATION].n,
				    a[MOUNT_PROPAGATION_RECURSIVE].n != 0);
	case OP_MKDIR:
		return done(root_directory(a[MKDIR_PATH].s, (uint32_t)a[MKDIR_MODE].n, (uint32_t)a[MKDIR_UID].n, (uint32_t)a[MKDIR_GID].n));
	case OP_TOUCH:
		return done(root_file(a[TOUCH_PATH].s, (uint32_t)a[TOUCH_MODE].n));
	case OP_SYMLINK:
		return make_symlink(a[SYMLINK_PATH].s, a[SYMLINK_TARGET].s);
	case OP_MKNOD:
		return make_node(a);
	case OP_MOUNT:
		return mount_filesystem(step);
	case OP_BIND:
	case OP_OVERLAY:
		return mount_prepared(step);
	case OP_MASK:
		return mount_mask(step);
	case OP_READONLY_PATHS:
		return mount_readonly(step);
	case OP_FILE_LABEL:
		return label_file(a);
	case OP_TERMINAL:
		return make_terminal(a);
	case OP_WAIT:
		return wait_point((uint32_t)a[WAIT_POINT].n);
	case OP_FIND_PROGRAM:
		return process_find(spawned->plan->exec);
	case OP_RUN_HOOK:
		return run_hook(step);
	case OP_AWAIT_CGROUPS:
	case OP_RLIMIT:
	case OP_OOM_SCORE_ADJ:
		return 0; /* the monitor's */
	default:
		return process_step(step, spawned->keep_fds);
	}
}

static int set_stdio(const int stdio[3])
{
	for (int fd = 0; fd < 3; fd++)
		if (stdio[fd] != fd && dup2(stdio[fd], fd) < 0)
			return failed("dup", "stdio");
	return 0;
}

/* Ids of a user namespace count from now on; without this files would be made by an unmapped user. */
static int enter_user_namespace(void)
{
	if (syscall(SYS_setresgid, 0, 0, 0) || syscall(SYS_setresuid, 0, 0, 0))
		return failed("setuid", "in user namespace");
	return 0;
}

static int joins_user(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->join_count; i++)
		if (plan->joins[i].arg[0].n & CLONE_NEWUSER)
			return 1;
	return 0;
}

static int is_needed(int fd)
{
	const struct plan *plan = spawned->plan;
	if (fd == spawned->sync || fd == spawned->listener || fd < 3 + spawned->keep_fds)
		return 1;
	for (uint32_t i = 0; i < plan->step_count; i++)
		if (fd == plan->steps[i].fd)
			return 1;
	return 0;
}

/* Close what the clone copied from the monitor, its end of `sync` above all: init must notice when the monitor ends, and a
 * process of a joined pid namespace that may ptrace finds nothing of the host's here (CVE-2016-9962). */
static int close_monitors(void)
{
	int last = spawned->sync > spawned->listener ? spawned->sync : spawned->listener;
	for (uint32_t i = 0; i < spawned->plan->step_count; i++)
		if (spawned->plan->steps[i].fd > last)
			last = spawned->plan->steps[i].fd;
	for (int fd = 3; fd <= last; fd++)
		if (!is_needed(fd))
			close(fd);
	return k_close_range((unsigned)last + 1, ~0u, 0) ? failed("close_range", "") : 0;
}

static int begin(const struct plan *plan)
{
	uint64_t create = plan->namespaces->arg[NAMESPACES_CREATE].n;
	sigset_t none;
	sigemptyset(&none);
	if (spawn_enter_tasks())
		return -1;
	if (sigprocmask(SIG_SETMASK, &none, NULL) || set_stdio(spawned->stdio) || close_monitors())
		return failed("begin", "");
	await_monitor();
	if ((create & CLONE_NEWUSER || joins_user(plan)) && enter_user_namespace())
		return -1;
	if (create & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP))
		return failed("unshare", "cgroup");
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? failed("open", "/") : 0;
}

_Noreturn void init_main(const struct spawn *spawn)
{
	const struct plan *plan = spawn->plan;
	spawned = spawn;
	failure_reset();
	umask(0);
	if (begin(plan))
		give_up(~0u);
	for (uint32_t i = 0; i < plan->step_count; i++) {
		failure_reset();
		if (!plan->steps[i].skip && run_step(&plan->steps[i]) && !plan_tolerates(&plan->steps[i], errno))
			give_up(i);
	}
	failure_reset();
	process_exec(plan->exec, spawn->keep_fds);
	give_up(plan->step_count);
}

/* Steps about the process itself, and the final execve. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "kernel.h"
#include "shim.h"

#define CLOSE_RANGE_CLOEXEC_FLAG 4
#define KEYCTL_JOIN 1
#define LAST_POSSIBLE_CAP 63
#define MAX_GROUPS 4096

int host_pid;
mode_t process_umask = 022;

static int named(int result, const char *act)
{
	return result < 0 ? failed(act, "") : 0;
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		return failed("loopback", "");
	if (request.ifr_flags & IFF_UP)
		return 0; /* it is already: who is the first to join a network sees to it too */
	request.ifr_flags |= IFF_UP;
	return named(ioctl(fd, SIOCSIFFLAGS, &request), "loopback");
}

/* Open `name` below procfs' `directory` without leaving the directory: no mount, and none of `extra`, on the way. */
static int open_own_proc(const char *directory, const char *name, uint64_t extra)
{
	uint64_t resolve = K_RESOLVE_BENEATH | K_RESOLVE_NO_XDEV | K_RESOLVE_NO_MAGICLINKS;
	int proc = root_proc();
	cleanup_close int below = proc < 0 ? -1 : k_openat2(proc, directory, O_PATH | O_DIRECTORY, 0, resolve);
	return below < 0 ? -1 : k_openat2(below, name, O_WRONLY | O_NOCTTY, 0, resolve | extra);
}

static int set_sysctl(const struct arg *a)
{
	int fd = open_own_proc("sys", a[SYSCTL_KEY].s, K_RESOLVE_NO_SYMLINKS);
	return write_once(fd, a[SYSCTL_VALUE].s, a[SYSCTL_VALUE].n) ? failed("sysctl", a[SYSCTL_KEY].s) : 0;
}

static int write_file(const struct arg *a)
{
	int fd = root_open(a[WRITE_PATH].s, O_WRONLY | O_CLOEXEC, 0);
	return write_once(fd, a[WRITE_TEXT].s, a[WRITE_TEXT].n) ? failed("write", a[WRITE_PATH].s) : 0;
}

/* AppArmor has its own file since 5.8; before, and for SELinux, the shared one. thread-self is a symlink within procfs. */
static int set_label(const struct arg *a)
{
	char text[1024] = "exec ";
	int apparmor = !strcmp(a[LSM_EXEC_LABEL_LSM].s, "apparmor");
	size_t start = apparmor ? 5 : 0;
	if (start + a[LSM_EXEC_LABEL_LABEL].n >= sizeof text) {
		errno = ENAMETOOLONG;
		return failed("label", a[LSM_EXEC_LABEL_LABEL].s);
	}
	memcpy(text + start, a[LSM_EXEC_LABEL_LABEL].s, a[LSM_EXEC_LABEL_LABEL].n);
	int fd = apparmor ? open_own_proc("thread-self/attr", "apparmor/exec", 0) : -1;
	if (fd < 0)
		fd = open_own_proc("thread-self/attr", "exec", 0);
	return write_once(fd, text, start + a[LSM_EXEC_LABEL_LABEL].n) ? failed("label", a[LSM_EXEC_LABEL_LABEL].s) : 0;
}

/* struct sched_attr, sched_setattr(2). */
static int set_scheduler(const struct arg *a)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { 48, (uint32_t)a[SCHEDULER_POLICY].n, a[SCHEDULER_FLAGS].n, (int32_t)a[SCHEDULER_NICE].n,
		   (uint32_t)a[SCHEDULER_PRIORITY].n, a[SCHEDULER_RUNTIME].n, a[SCHEDULER_DEADLINE].n, a[SCHEDULER_PERIOD].n };
	return named((int)syscall(SYS_sched_setattr, 0, &attr, 0), "scheduler");
}

/* The execve to come takes the label of new keys away again. */
static int set_keyring(const char *name, const struct arg *label)
{
	if (label->n && write_once(open_own_proc("thread-self/attr", "keycreate", 0), label->s, label->n))
		return failed("label", label->s);
	long result = syscall(SYS_keyctl, KEYCTL_JOIN, name);
	return result < 0 && errno != ENOSYS ? failed("keyring", name) : 0;
}

static int set_groups(const struct arg *list)
{
	gid_t gids[MAX_GROUPS];
	if (list->n > sizeof gids / sizeof *gids) {
		errno = EINVAL;
		return failed("setgroups", "");
	}
	for (uint32_t i = 0; i < list->n; i++)
		gids[i] = plan_u32(list->s, i);
	return named((int)syscall(SYS_setgroups, (long)list->n, gids), "setgroups");
}

static int drop_bounding(uint64_t keep)
{
	for (int cap = 0; cap <= LAST_POSSIBLE_CAP; cap++) {
		int has = keep >> cap & 1 ? 0 : prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (has < 0)
			return 0;
		if (has && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return failed("bounding set", "");
	}
	return 0;
}

/* /dev/stdout is /proc/self/fd/1: opening it again asks for rights on the pipe or terminal. Never on files or /dev/null. */
static int own_stdio(uid_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;
		if (fstat(fd, &st) || st.st_uid == uid || !(S_ISFIFO(st.st_mode) || isatty(fd)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) && errno != EINVAL && errno != EPERM && errno != EROFS)
			return failed("chown", "stdio");
	}
	return 0;
}

static int set_user(const struct arg *a)
{
	uid_t uid = (uid_t)a[USER_UID].n;
	gid_t gid = (gid_t)a[USER_GID].n;
	if (a[USER_OWN_STDIO].n && own_stdio(uid))
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return failed("keepcaps", "");
	if (syscall(SYS_setresgid, gid, gid, gid))
		return failed("setgid", "");
	return named((int)syscall(SYS_setresuid, uid, uid, uid), "setuid");
}

static int set_capabilities(const struct arg *a)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(a[CAPABILITIES_EFFECTIVE].n >> 32 * i);
		data[i].permitted = (uint32_t)(a[CAPABILITIES_PERMITTED].n >> 32 * i);
		data[i].inheritable = (uint32_t)(a[CAPABILITIES_INHERITABLE].n >> 32 * i);
	}
	if (syscall(SYS_capset, &head, data))
		return failed("capset", "");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return failed("ambient set", "");
	for (int cap = 0; cap <= LAST_POSSIBLE_CAP; cap++)
		if (a[CAPABILITIES_AMBIENT].n >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return failed("ambient set", "");
	return 0;
}

/* What is left to do before execve but the user and its capabilities: before a filter, which may refuse any of it. */
static int seal(int keep_fds)
{
	char cwd[PATH_MAX];
	static int sealed;
	if (sealed)
		return 0;
	/* A working directory that is not below the root is a way out (CVE-2024-21626). */
	if (syscall(SYS_getcwd, cwd, sizeof cwd) < 0 || cwd[0] != '/') {
		errno = EPERM;
		return failed("verify", "working directory");
	}
	/* Every descriptor here is close-on-exec from birth; this is the second lock. */
	if (k_close_range(3u + (unsigned)keep_fds, ~0u, CLOSE_RANGE_CLOEXEC_FLAG))
		return failed("close_range", "");
	umask(process_umask);
	sealed = 1;
	return 0;
}

static int set_seccomp(const struct record *step, int keep_fds)
{
	const struct arg *a = step->arg;
	struct sock_fprog program = { (unsigned short)(a[SECCOMP_FILTER].n / sizeof(struct sock_filter)),
				      (struct sock_filter *)(uintptr_t)a[SECCOMP_FILTER].s };
	if (a[SECCOMP_FILTER].n % sizeof(struct sock_filter) || a[SECCOMP_FILTER].n > BPF_MAXINSNS * sizeof(struct sock_filter)) {
		errno = EINVAL;
		return failed("seccomp", "");
	}
	struct arg message = a[SECCOMP_LISTENER_MESSAGE];
	if (put_pid(&message, host_pid))
		return failed("seccomp", "listener message");
	if (seal(keep_fds))
		return -1;
	int result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)a[SECCOMP_FLAGS].n, &program);
	if (result < 0)
		return failed("seccomp", "");
	if (!(a[SECCOMP_FLAGS].n & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return 0;
	cleanup_close int fd = result;
	return named(step->fd < 0 ? -1 : send_fd(step->fd, message.s, message.n, fd), "seccomp listener");
}

static int enter_directory(const struct arg *a)
{
	const char *path = a[CHDIR_PATH].s;
	cleanup_close int fd = a[CHDIR_CREATE].n
					? root_directory(path, 0755, (uint32_t)a[CHDIR_UID].n, (uint32_t)a[CHDIR_GID].n)
					: root_open(path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 || fchdir(fd) ? failed("chdir", path) : 0;
}

int process_step(const struct record *step, int keep_fds)
{
	const struct arg *a = step->arg;
	switch (step->code) {
	case OP_SYSCTL:
		return set_sysctl(a);
	case OP_HOSTNAME:
		return named(sethostname(a[HOSTNAME_NAME].s, a[HOSTNAME_NAME].n), "hostname");
	case OP_DOMAINNAME:
		return named(setdomainname(a[DOMAINNAME_NAME].s, a[DOMAINNAME_NAME].n), "domainname");
	case OP_LOOPBACK_UP:
		return loopback_up();
	case OP_WRITE:
		return write_file(a);
	case OP_SETSID:
		return named(setsid(), "setsid");
	case OP_SESSION_KEYRING:
		return set_keyring(a[SESSION_KEYRING_NAME].s, &a[SESSION_KEYRING_LABEL]);
	case OP_PERSONALITY:
		return named(personality((unsigned)a[PERSONALITY_PERSONA].n), "personality");
	case OP_SCHEDULER:
		return set_scheduler(a);
	case OP_IO_PRIORITY:
		return named((int)syscall(SYS_ioprio_set, 1, 0, (int)(a[IO_PRIORITY_CLASS].n << 13 | a[IO_PRIORITY_PRIORITY].n)), "ioprio");
	case OP_CPU_AFFINITY:
		return named((int)syscall(SYS_sched_setaffinity, 0, a[CPU_AFFINITY_MASK].n, a[CPU_AFFINITY_MASK].s), "affinity");
	case OP_MEMORY_POLICY:
		return named((int)syscall(SYS_set_mempolicy, (int)a[MEMORY_POLICY_MODE].n, a[MEMORY_POLICY_NODES].s,
					  a[MEMORY_POLICY_NODES].n * 8 + 1), "memory policy");
	case OP_UMASK:
		process_umask = (mode_t)a[UMASK_MASK].n;
		return 0;
	case OP_CHDIR:
		return enter_directory(a);
	case OP_LSM_EXEC_LABEL:
		return set_label(a);
	case OP_BOUNDING_SET:
		return drop_bounding(a[BOUNDING_SET_KEEP].n);
	case OP_GROUPS:
		return set_groups(&a[GROUPS_GIDS]);
	case OP_USER:
		return set_user(a);
	case OP_CAPABILITIES:
		return set_capabilities(a);
	case OP_NO_NEW_PRIVS:
		return named(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	case OP_SECCOMP:
		return set_seccomp(step, keep_fds);
	default:
		errno = ENOSYS;
		return failed("step", "");
	}
}

/* ---- execve ---- */

char **string_array(const struct arg *list)
{
	char **array = mmap(NULL, (list->n + 1) * sizeof *array, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *cursor = list->s;
	if (array == MAP_FAILED)
		return NULL;
	for (uint64_t i = 0; i < list->n; i++)
		array[i] = (char *)(uintptr_t)plan_string(&cursor);
	return array;
}

static const char *search_path(char **env)
{
	for (; *env; env++)
		if (!strncmp(*env, "PATH=", 5))
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Whether a file that execve refused counts as found: not a directory, some x bit. */
static int is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && (st.st_mode & 0111);
}

/* `trial`: only look. */
static int exec_searched(char **argv, char **env, int trial)
{
	char path[PATH_MAX];
	const char *name = argv[0];
	size_t tail = strlen(name);
	for (const char *dir = search_path(env);; dir++) {
		size_t head = strcspn(dir, ":");
		/* docker-compat: an empty element means the working directory, which Docker does not search. */
		if (tail && head && head + tail + 2 <= sizeof path) {
			memcpy(path, dir, head);
			path[head] = '/';
			memcpy(path + head + 1, name, tail + 1);
			if (!trial)
				execve(path, argv, env);
			int error = errno, found = is_program(path);
			errno = error; /* ENOENT then speaks of its interpreter */
			if (found)
				return trial ? 0 : failed("execve", name);
		}
		dir += head;
		if (!*dir)
			break;
	}
	errno = ENOENT;
	return failed("lookup", name);
}

static int exec_direct(char **argv, char **env)
{
	struct stat st;
	execve(argv[0], argv, env);
	int error = errno;
	if (error == EACCES && stat(argv[0], &st) == 0 && S_ISDIR(st.st_mode))
		error = EISDIR;
	errno = error;
	return failed("execve", argv[0]);
}

int process_find(const struct record *exec)
{
	struct stat st;
	char **argv = string_array(&exec->arg[EXEC_ARGV]), **env = string_array(&exec->arg[EXEC_ENV]);
	if (!argv || !env || !argv[0])
		return failed("execve", "");
	if (!strchr(argv[0], '/'))
		return exec_searched(argv, env, 1);
	if (stat(argv[0], &st))
		return failed("execve", argv[0]);
	errno = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
	return is_program(argv[0]) ? 0 : failed("execve", argv[0]);
}

int process_exec(const struct record *exec, int keep_fds)
{
	char **argv = string_array(&exec->arg[EXEC_ARGV]), **env = string_array(&exec->arg[EXEC_ENV]);
	if (!argv || !env)
		return failed("execve", "");
	return seal(keep_fds) ? -1 : strchr(argv[0], '/') ? exec_direct(argv, env) : exec_searched(argv, env, 0);
}

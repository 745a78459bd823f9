/* What a plan needs from the host is opened by the monitor before clone, with the host's rights and in the host's mount
 * namespace: bind sources and the root mount become detached mounts (open_tree(2), fsmount(2)) that init only attaches. */
#include <errno.h>
#include <limits.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "kernel.h"
#include "shim.h"

#define FSCONFIG_VALUE_MAX 255 /* fsconfig(2) takes strings of up to 255 bytes */

/* The detached copy of a shared mount is its peer. Unless asked otherwise it becomes a slave: what the host mounts later
 * is seen inside, nothing inside reaches the host. */
static int set_propagation(int fd, uint32_t propagation)
{
	uint32_t kind = propagation & ~(uint32_t)MS_REC;
	if (!kind)
		return k_set_attributes(fd, 0, 0, MS_SLAVE, K_AT_RECURSIVE);
	return k_set_attributes(fd, 0, 0, kind, propagation & MS_REC ? K_AT_RECURSIVE : 0);
}

static int clone_mount(const char *source, int recursive)
{
	int fd = k_open_tree(AT_FDCWD, source, K_OPEN_TREE_CLONE | (recursive ? K_AT_RECURSIVE : 0));
	return fd < 0 ? failed("open", source) : fd;
}

/* ---- id-mapped mounts: the mapping comes from a user namespace that a helper child lives in for a moment ---- */

static int user_namespace_of(int pid, const struct arg *uids, const struct arg *gids)
{
	if (write_proc(pid, "/uid_map", uids->s, uids->n) || write_proc(pid, "/gid_map", gids->s, gids->n))
		return -1;
	return open_proc(pid, "/ns/user");
}

/* A user namespace with the mapping. */
static int idmap_namespace(const struct arg *uids, const struct arg *gids)
{
	int pid = k_clone(CLONE_NEWUSER, 0, SIGCHLD);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return -1;
	int ns = user_namespace_of(pid, uids, gids);
	int error = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = error;
	return ns;
}

static int map_ids(int fd, int ns)
{
	struct k_mount_attr attr = { K_MOUNT_ATTR_IDMAP, 0, 0, (uint64_t)ns };
	return k_mount_setattr(fd, K_AT_RECURSIVE, &attr);
}

static int set_idmap(int fd, const struct arg *uids, const struct arg *gids)
{
	cleanup_close int ns = idmap_namespace(uids, gids);
	return ns < 0 ? -1 : map_ids(fd, ns);
}

static int prepare_bind(const struct arg *a)
{
	const char *source = a[BIND_SOURCE].s;
	int fd = clone_mount(source, a[BIND_RECURSIVE].n != 0);
	if (fd < 0)
		return -1;
	if (a[BIND_IDMAP_UID].n && set_idmap(fd, &a[BIND_IDMAP_UID], &a[BIND_IDMAP_GID]))
		return failed("idmap", source);
	if (k_set_attributes(fd, a[BIND_ATTR_SET_TREE].n, a[BIND_ATTR_CLEAR_TREE].n, 0, K_AT_RECURSIVE) ||
	    k_set_attributes(fd, a[BIND_ATTR_SET].n, a[BIND_ATTR_CLEAR].n, 0, 0))
		return failed("mount_setattr", source);
	if (set_propagation(fd, (uint32_t)a[BIND_PROPAGATION].n))
		return failed("propagation", source);
	return fd;
}

/* ---- the overlay root ---- */

/* A directory as fsconfig takes it: by name, or when the name is too long by descriptor. */
static int set_directory(int fs, const char *key, const char *path)
{
	char link[32] = "/proc/self/fd/";
	if (strlen(path) <= FSCONFIG_VALUE_MAX)
		return k_fsconfig(fs, K_FSCONFIG_SET_STRING, key, path) ? failed(key, path) : 0;
	cleanup_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed("open", path);
	put_decimal(link + 14, (uint64_t)fd);
	return k_fsconfig(fs, K_FSCONFIG_SET_STRING, key, link) ? failed(key, path) : 0;
}

static int set_option(int fs, const char *option)
{
	char key[256];
	size_t length = strcspn(option, "=");
	if (length >= sizeof key) {
		errno = EINVAL;
		return -1;
	}
	memcpy(key, option, length);
	key[length] = 0;
	return option[length] ? k_fsconfig(fs, K_FSCONFIG_SET_STRING, key, option + length + 1)
			      : k_fsconfig(fs, K_FSCONFIG_SET_FLAG, key, NULL);
}

int mount_options(int fs, const struct arg *options)
{
	const char *cursor = options->s;
	for (uint64_t i = 0; i < options->n; i++) {
		const char *option = plan_string(&cursor);
		if (set_option(fs, option))
			return failed("mount option", option);
	}
	return 0;
}

/* One fsconfig a layer: no limit on their length together; since 6.7. */
static int add_lowers(int fs, const struct arg *lower)
{
	const char *cursor = lower->s;
	for (uint64_t i = 0; i < lower->n; i++)
		if (set_directory(fs, "lowerdir+", plan_string(&cursor)))
			return -1;
	return 0;
}

static int overlay_by_fsconfig(const struct arg *a)
{
	cleanup_close int fs = k_fsopen("overlay");
	if (fs < 0)
		return failed("fsopen", "overlay");
	k_fsconfig(fs, K_FSCONFIG_SET_STRING, "source", "overlay");
	if (add_lowers(fs, &a[ROOT_OVERLAY_LOWER]))
		return -1;
	if (a[ROOT_OVERLAY_UPPER].n && (set_directory(fs, "upperdir", a[ROOT_OVERLAY_UPPER].s) ||
					set_directory(fs, "workdir", a[ROOT_OVERLAY_WORK].s)))
		return -1;
	if (mount_options(fs, &a[ROOT_OVERLAY_OPTIONS]))
		return -1;
	if (k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL))
		return failed("mount", "overlay");
	int fd = k_fsmount(fs, (unsigned)a[ROOT_OVERLAY_ATTR_SET].n);
	return fd < 0 ? failed("fsmount", "overlay") : fd;
}

/* In a child with a mount namespace and a directory of its own but our descriptor table: mount, copy the mount to
 * descriptor `slot`, leave no other descriptor behind. */
static int mount_old_way(const struct arg *a, int slot)
{
	const char *base = a[ROOT_OVERLAY_BASE].s;
	/* Where it is attached for a moment does not matter. */
	const char *target = a[ROOT_OVERLAY_WORK].n ? a[ROOT_OVERLAY_WORK].s : base;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || chdir(base) ||
	    mount("overlay", target, "overlay", 0, a[ROOT_OVERLAY_DATA].s))
		return errno;
	int fd = k_open_tree(AT_FDCWD, target, K_OPEN_TREE_CLONE);
	return fd < 0 || dup3(fd, slot, O_CLOEXEC) < 0 || close(fd) ? errno : 0;
}

/* 0 when a child with our descriptor table, but a mount namespace of its own, put a mount into `slot`. */
static int from_child(int (*mount_in)(const struct arg *, int), const struct arg *a, int slot)
{
	int status, pid = k_clone(CLONE_NEWNS | CLONE_FILES, 0, SIGCHLD);
	if (pid == 0)
		_exit(mount_in(a, slot));
	if (slot < 0 || pid < 0)
		return failed("clone", "");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno ? -1 : 0;
}

static int overlay_by_mount(const struct arg *a)
{
	int slot = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (from_child(mount_old_way, a, slot))
		return failed("mount", "overlay");
	return k_set_attributes(slot, a[ROOT_OVERLAY_ATTR_SET].n, 0, 0, 0) ? failed("mount_setattr", "overlay") : slot;
}

static int plain_overlay(const struct arg *a)
{
	return a[ROOT_OVERLAY_DATA].n ? overlay_by_mount(a) : overlay_by_fsconfig(a);
}

/* Lay an id-mapped copy of the directory's mount over the directory. */
static int map_over(const char *path, int ns)
{
	cleanup_close int fd = clone_mount(path, 0), at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || at < 0 || map_ids(fd, ns) || k_attach(fd, at) ? errno : 0;
}

/* What an overlay makes for itself belongs to who mounted it, who must be one of those that its layers know. The capabilities
 * that go with being 0 are kept. */
static int be_mapped_root(const struct arg *a)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
		return -1;
	setfsgid((gid_t)a[ROOT_OVERLAY_OWNER_GID].n);
	setfsuid((uid_t)a[ROOT_OVERLAY_OWNER_UID].n);
	return 0;
}

/* An overlay cannot be id-mapped, but what it is laid of can: seen by nobody else, it is so in this child. The upper and the
 * work directory must be of one mount, which is that of their parent. */
static int overlay_of_mapped(const struct arg *a, int slot)
{
	char parent[PATH_MAX];
	const char *cursor = a[ROOT_OVERLAY_LOWER].s, *upper = a[ROOT_OVERLAY_UPPER].s, *slash = strrchr(upper, '/');
	int ns = idmap_namespace(&a[ROOT_OVERLAY_IDMAP_UID], &a[ROOT_OVERLAY_IDMAP_GID]), error = 0;
	if (ns < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return errno;
	for (uint64_t i = 0; i < a[ROOT_OVERLAY_LOWER].n && !error; i++)
		error = map_over(plan_string(&cursor), ns);
	if (!error && slash && (size_t)(slash - upper) < sizeof parent) {
		memcpy(parent, upper, (size_t)(slash - upper));
		parent[slash - upper] = 0;
		error = map_over(parent, ns);
	}
	close(ns);
	int fd = error || be_mapped_root(a) ? -1 : plain_overlay(a);
	if (error || fd < 0)
		return error ? error : errno;
	return dup3(fd, slot, O_CLOEXEC) < 0 || close(fd) ? errno : 0;
}

static int prepare_overlay(const struct arg *a)
{
	if (!a[ROOT_OVERLAY_IDMAP_UID].n)
		return plain_overlay(a);
	int slot = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return from_child(overlay_of_mapped, a, slot)
		       ? failed("mount", "overlay of id-mapped layers: it needs Linux 5.19 and a file system that can")
		       : slot;
}

_Static_assert(OVERLAY_LOWER == ROOT_OVERLAY_LOWER && OVERLAY_OWNER_GID == ROOT_OVERLAY_OWNER_GID, "fields in one order");

static int prepare_part(const struct arg *a)
{
	const char *source = a[OVERLAY_SOURCE].s;
	cleanup_close int whole = prepare_overlay(a);
	if (whole < 0)
		return -1;
	cleanup_close int at = k_openat2(whole, source, O_PATH | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT);
	int fd = at < 0 ? -1 : k_open_tree(at, "", (unsigned)AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
	return fd < 0 ? failed("overlay", source) : fd;
}

static int prepare_root_bind(const struct arg *a)
{
	int fd = clone_mount(a[ROOT_BIND_SOURCE].s, 1);
	if (fd < 0)
		return -1;
	if (set_propagation(fd, 0) || k_set_attributes(fd, a[ROOT_BIND_ATTR_SET].n, 0, 0, 0))
		return failed("mount_setattr", a[ROOT_BIND_SOURCE].s);
	return fd;
}

/* The host's own node: without the read-only flag the container's root could chmod and chown it. */
static int prepare_null(void)
{
	int fd = clone_mount("/dev/null", 0);
	if (fd < 0)
		return -1;
	return k_set_attributes(fd, K_MOUNT_ATTR_RDONLY, 0, 0, 0) ? failed("mount_setattr", "/dev/null") : fd;
}

static int prepare_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? failed("namespace", path) : fd;
}

int prepare_step(struct record *step)
{
	switch (step->code) {
	case OP_ROOT_OVERLAY:
		return step->fd = prepare_overlay(step->arg);
	case OP_ROOT_BIND:
		return step->fd = prepare_root_bind(step->arg);
	case OP_EMPTY_MOUNTS:
		return step->fd = prepare_namespace(step->arg[EMPTY_MOUNTS_NAMESPACE].s);
	case OP_BIND:
		return step->fd = prepare_bind(step->arg);
	case OP_OVERLAY:
		return step->fd = prepare_part(step->arg);
	case OP_MASK:
		return step->fd = prepare_null();
	case OP_AWAIT_CGROUPS:
		return words_await(WORD_CGROUPS);
	case OP_SECCOMP:
		return step->arg[SECCOMP_LISTENER].n ? (step->fd = connect_to(step->arg[SECCOMP_LISTENER].s)) : 0;
	default:
		return 0;
	}
}

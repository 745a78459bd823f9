/* Mount steps, in init. A target is resolved once, to a descriptor, and the finished mount is moved onto it. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "kernel.h"
#include "shim.h"

static int attach(int mount, int target, const char *name)
{
	int result = target < 0 ? -1 : k_attach(mount, target);
	root_forget(name);
	return result ? failed("mount", name) : 0;
}

static int change(int fd, uint64_t set, uint64_t clear, uint64_t propagation, int recursive)
{
	unsigned flags = recursive || propagation & MS_REC ? K_AT_RECURSIVE : 0;
	return k_set_attributes(fd, set, clear, propagation & ~(uint64_t)MS_REC, flags);
}

/* The prepared root covers "/" unless there is a place for it: reachable by its descriptor only, and no directory of the
 * host is needed to mount it on. */
int mount_root(const struct record *step)
{
	const struct arg *target = &step->arg[step->code == OP_ROOT_OVERLAY ? ROOT_OVERLAY_TARGET : ROOT_BIND_TARGET];
	const char *name = target->n ? target->s : "/";
	cleanup_close int at = root_open(name, O_PATH | O_DIRECTORY, 0);
	if (attach(step->fd, at, name))
		return -1;
	root_forget("");
	close(root_fd);
	root_fd = step->fd;
	return 0;
}

/* pivot_root(2), "pivot_root(".", ".")": old root stacked on the new one, then detached. */
int mount_pivot(const struct record *step)
{
	if (fchdir(root_fd))
		return failed("chdir", "/");
	if (step->arg[PIVOT_ROOT_MOVE].n) {
		if (chroot("."))
			return failed("chroot", "/");
	} else if (syscall(SYS_pivot_root, ".", ".")) {
		return failed("pivot_root", "");
	} else if (umount2(".", MNT_DETACH)) {
		return failed("umount", "/");
	}
	if (chdir("/"))
		return failed("chdir", "/");
	root_forget("");
	close(root_fd);
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 ? failed("open", "/") : 0;
}

static int make_filesystem(const char *type, const char *source, const struct arg *options, unsigned attrs)
{
	cleanup_close int fs = k_fsopen(type);
	if (fs < 0)
		return failed("fsopen", type);
	if (source[0] && k_fsconfig(fs, K_FSCONFIG_SET_STRING, "source", source))
		return failed("mount source", source);
	if (mount_options(fs, options))
		return -1;
	int fd = k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL) ? -1 : k_fsmount(fs, attrs);
	return fd < 0 ? failed("mount", type) : fd;
}

/* A symlink of the image must not lead a mount into /proc: what is written there, and masked there, is believed later
 * (CVE-2019-16884). Mounts whose own path begins with /proc are judged where the plan is made. Closes `target` on failure. */
static int refuse_proc(int target, const char *name)
{
	if (target < 0)
		return -1;
	if ((!strncmp(name, "/proc", 5) && (!name[5] || name[5] == '/')) || !is_proc(target))
		return target;
	close(target);
	errno = EINVAL;
	return failed("cannot be mounted because it is inside /proc:", name);
}

/* procfs and sysfs lie where they are looked for, on an ordinary directory (CVE-2019-19921). */
static int target_directory(const char *name, const char *type)
{
	int system = !strcmp(type, "proc") || !strcmp(type, "sysfs");
	int target = system ? root_open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0) : -1;
	if (target >= 0)
		return target;
	if (system && errno != ENOENT) {
		errno = EINVAL;
		return failed("must be mounted on ordinary directory:", name);
	}
	return refuse_proc(root_directory(name, 0755, 0, 0), system ? "/proc" : name);
}

static int copy_up(int target, int mount)
{
	cleanup_close int from = k_openat2(target, ".", O_RDONLY | O_DIRECTORY, 0, K_RESOLVE_BENEATH);
	cleanup_close int to = k_openat2(mount, ".", O_RDONLY | O_DIRECTORY, 0, K_RESOLVE_BENEATH);
	return from < 0 || to < 0 ? -1 : copy_tree(from, to);
}

int mount_filesystem(const struct record *step)
{
	const struct arg *a = step->arg;
	const char *name = a[MOUNT_TARGET].s;
	cleanup_close int target = target_directory(name, a[MOUNT_TYPE].s);
	if (target < 0)
		return -1;
	int fd = make_filesystem(a[MOUNT_TYPE].s, a[MOUNT_SOURCE].s, &a[MOUNT_OPTIONS], (unsigned)a[MOUNT_ATTR_SET].n);
	if (fd < 0)
		return -1;
	if (a[MOUNT_COPY_UP].n && copy_up(target, fd))
		return failed("copy up", name);
	if (attach(fd, target, name))
		return -1;
	int result = change(fd, 0, 0, a[MOUNT_PROPAGATION].n, 0);
	if (!strcmp(a[MOUNT_TYPE].s, "proc") && !a[MOUNT_OPTIONS].n && !(a[MOUNT_ATTR_SET].n & K_MOUNT_ATTR_RDONLY))
		root_keep_proc(fd);
	else
		close(fd);
	return result ? failed("propagation", name) : 0;
}

int mount_prepared(const struct record *step)
{
	const char *name = step->arg[step->code == OP_BIND ? BIND_TARGET : OVERLAY_TARGET].s;
	struct stat st;
	if (fstat(step->fd, &st))
		return failed("stat", name);
	cleanup_close int target = refuse_proc(S_ISDIR(st.st_mode) ? root_directory(name, 0755, 0, 0) : root_file(name, 0644), name);
	if (target < 0)
		return -1;
	/* mount(2) says ENOTDIR to a file over a directory, move_mount(2) only that something is wrong. */
	struct stat over;
	if (!fstat(target, &over) && S_ISDIR(over.st_mode) != S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return failed("mount", name);
	}
	return attach(step->fd, target, name);
}

/* By descriptor on both sides (CVE-2025-52565). */
int mount_console(int slave)
{
	const char *name = "/dev/console";
	cleanup_close int tree = k_open_tree(slave, "", (unsigned)AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
	cleanup_close int target = refuse_proc(root_file(name, 0600), name);
	return tree < 0 ? failed("mount", name) : attach(tree, target, name);
}

int mount_change(const char *path, uint64_t set, uint64_t clear, uint64_t propagation, int recursive)
{
	cleanup_close int fd = root_open(path, O_PATH, 0);
	if (fd < 0)
		return failed("open", path);
	return change(fd, set, clear, propagation, recursive) ? failed("mount_setattr", path) : 0;
}

/* Cover `target` with the mount `*cover`; the first time it is attached itself, later a copy of it. */
static int cover(int *source, int *attached, int target, const char *name)
{
	cleanup_close int copy = *attached ? k_open_tree(*source, "", (unsigned)AT_EMPTY_PATH | K_OPEN_TREE_CLONE) : -1;
	int result = k_attach(*attached ? copy : *source, target);
	*attached = 1;
	return result ? failed("mask", name) : 0;
}

int mount_mask(const struct record *step)
{
	int null_fd = step->fd, empty_fd = -1, null_used = 0, empty_used = 0, result = 0;
	const char *cursor = step->arg[MASK_PATHS].s;
	for (uint64_t i = 0; i < step->arg[MASK_PATHS].n && !result; i++) {
		const char *path = plan_string(&cursor);
		struct stat st;
		cleanup_close int target = root_open(path, O_PATH, 0);
		if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		if (target < 0 || fstat(target, &st))
			return failed("mask", path);
		if (!S_ISDIR(st.st_mode)) {
			result = cover(&null_fd, &null_used, target, path);
		} else {
			if (empty_fd < 0)
				empty_fd = make_filesystem("tmpfs", "tmpfs", &step->arg[MASK_OPTIONS], K_MOUNT_ATTR_RDONLY);
			result = empty_fd < 0 ? -1 : cover(&empty_fd, &empty_used, target, path);
		}
	}
	root_forget("");
	return result;
}

int mount_readonly(const struct record *step)
{
	const char *cursor = step->arg[READONLY_PATHS_PATHS].s;
	for (uint64_t i = 0; i < step->arg[READONLY_PATHS_PATHS].n; i++) {
		const char *path = plan_string(&cursor);
		cleanup_close int target = root_open(path, O_PATH, 0);
		if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		if (target < 0)
			return failed("open", path);
		cleanup_close int fd = k_open_tree(target, "", (unsigned)AT_EMPTY_PATH | K_OPEN_TREE_CLONE | K_AT_RECURSIVE);
		if (fd < 0 || change(fd, K_MOUNT_ATTR_RDONLY, 0, 0, 0))
			return failed("read-only", path);
		if (attach(fd, target, path))
			return -1;
	}
	return 0;
}

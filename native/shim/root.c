/* Paths inside the container's root. Every lookup is one openat2(2) with RESOLVE_IN_ROOT, every act is by the descriptor
 * it returned: neither a symlink of the image nor one swapped in meanwhile leads outside (CVE-2019-19921, CVE-2021-30465,
 * CVE-2023-27561). Magic links of procfs are refused. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "kernel.h"
#include "shim.h"

#define PROC_MAGIC 0x9fa0
#define PROC_ROOT_INODE 1
#define LINK_DEPTH 40

int root_fd = -1;

/* openat2 answers EAGAIN when a ".." raced with a rename or mount anywhere on the system (openat2(2)). */
static int open_below(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	int fd, tries = 128;
	do
		fd = k_openat2(dir, path, flags, mode, resolve);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) && --tries);
	return fd;
}

int root_open(const char *path, uint64_t flags, uint64_t mode)
{
	return open_below(root_fd, path, flags, mode, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS);
}

struct owner {
	uint32_t mode, uid, gid;
};

/* Plans make one thing after the other in one directory, which stays open until something is mounted where it may lie. */
static struct {
	char path[PATH_MAX];
	int fd, gives_group; /* gives_group: what is made in it gets its group (setgid) */
} recent = { .fd = -1 };

/* Split `path` into the directory, kept in memory of its own, and its last component. 0, or -1 for what names nothing. */
static int split(const char *path, char *directory, const char **name)
{
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length + 1 >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	directory[0] = '/';
	memcpy(directory + (path[0] != '/'), path, length);
	directory[length + (path[0] != '/')] = 0;
	char *slash = strrchr(directory, '/');
	*slash = 0;
	*name = slash + 1;
	errno = EINVAL;
	return **name && strcmp(*name, ".") && strcmp(*name, "..") ? 0 : -1;
}

void root_forget(const char *mounted)
{
	char directory[PATH_MAX];
	const char *name;
	int error = errno;
	if (recent.fd >= 0 && (split(mounted, directory, &name) || strcmp(directory, recent.path))) {
		close(recent.fd);
		recent.fd = -1;
	}
	errno = error;
}

int root_gives(uint32_t uid, uint32_t gid)
{
	return !uid && !gid && !recent.gives_group;
}

/* The directory as the recent one; its descriptor is not the caller's. -1 when it is not there. */
static int enter(const char *directory)
{
	struct stat st;
	if (recent.fd >= 0 && !strcmp(directory, recent.path))
		return recent.fd;
	int fd = root_open(directory[0] ? directory : "/", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return -1;
	close(recent.fd);
	recent.fd = fd;
	recent.gives_group = fstat(fd, &st) || st.st_mode & S_ISGID;
	strcpy(recent.path, directory);
	return fd;
}

/* The path that the symlink `name` in `directory` stands for, into `joined` of PATH_MAX bytes. */
static int link_path(int parent, const char *directory, const char *name, char *joined)
{
	size_t keep = strlen(directory), room = PATH_MAX - keep - 1;
	memcpy(joined, directory, keep);
	joined[keep++] = '/';
	ssize_t length = readlinkat(parent, name, joined + keep, room);
	if (length < 0)
		return -1;
	if ((size_t)length >= room) {
		errno = ENAMETOOLONG;
		return -1;
	}
	joined[keep + (size_t)length] = 0;
	if (joined[keep] == '/')
		memmove(joined, joined + keep, (size_t)length + 1);
	return 0;
}

/* Who makes it owns it, and the umask is 0: there is nothing more to set, mostly. */
static int make_directory(int parent, const char *name, const struct owner *owner)
{
	if (mkdirat(parent, name, owner->mode & 07777))
		return -1;
	if (root_gives(owner->uid, owner->gid) && !(owner->mode & 06000))
		return 0;
	cleanup_close int made = k_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, K_RESOLVE_BENEATH);
	return made < 0 || fchown(made, owner->uid, owner->gid) || fchmod(made, owner->mode & 07777) ? -1 : 0;
}

static int make_path(const char *path, const struct owner *owner, int depth);

/* Make the last component of `prefix`; of a symlink to nothing, what it stands for. ENOENT when its parent does not exist. */
static int make_component(const char *prefix, const struct owner *owner, int depth)
{
	char directory[PATH_MAX], target[PATH_MAX];
	const char *name;
	int parent = split(prefix, directory, &name) ? -1 : enter(directory);
	if (parent < 0)
		return -1;
	if (make_directory(parent, name, owner) == 0)
		return 0;
	if (errno != EEXIST || depth == LINK_DEPTH || link_path(parent, directory, name, target))
		return -1;
	return make_path(target, owner, depth + 1);
}

/* mkdir -p of `path`, component by component from the first missing one. */
static int make_path(const char *path, const struct owner *owner, int depth)
{
	char prefix[PATH_MAX];
	size_t used = 0;
	while (*path) {
		while (*path == '/')
			path++;
		size_t length = strcspn(path, "/");
		if (!length)
			break;
		if (used + length + 2 > sizeof prefix) {
			errno = ENAMETOOLONG;
			return -1;
		}
		prefix[used] = '/';
		memcpy(prefix + used + 1, path, length);
		used += length + 1;
		prefix[used] = 0;
		path += length;
		int fd = root_open(prefix, O_PATH | O_DIRECTORY, 0);
		if (fd >= 0)
			close(fd);
		else if (errno != ENOENT || make_component(prefix, owner, depth))
			return -1;
	}
	return 0;
}

/* A new directory in a directory that is there; -1 for anything else. */
static int make_below(const char *directory, const char *name, const struct owner *owner)
{
	int parent = enter(directory);
	if (parent < 0 || make_directory(parent, name, owner))
		return -1;
	return k_openat2(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, K_RESOLVE_BENEATH);
}

int root_directory(const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	struct owner owner = { mode, uid, gid };
	char directory[PATH_MAX];
	const char *name;
	int splits = split(path, directory, &name) == 0;
	/* Where the last thing was made this one is missing too, mostly: it is made before it is looked for. */
	int again = splits && recent.fd >= 0 && !strcmp(directory, recent.path);
	int fd = again ? make_below(directory, name, &owner) : -1;
	if (fd < 0)
		fd = root_open(path, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? failed("open", path) : fd;
	if (splits && !again)
		fd = make_below(directory, name, &owner);
	if (fd >= 0)
		return fd;
	if (make_path(path, &owner, 0))
		return failed("mkdir", path);
	fd = root_open(path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? failed("open", path) : fd;
}

int root_parent(const char *path, char *directory, const char **name)
{
	if (split(path, directory, name))
		return failed("open", path);
	if (enter(directory) >= 0)
		return recent.fd;
	int made = errno == ENOENT ? root_directory(directory, 0755, 0, 0) : -1;
	if (made < 0)
		return failed("open", path);
	close(made);
	return enter(directory) < 0 ? failed("open", path) : recent.fd;
}

int root_file(const char *path, uint32_t mode)
{
	char buffer[PATH_MAX], target[PATH_MAX];
	const char *name, *at = path;
	int fd = root_open(path, O_PATH, 0);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return failed("open", path);
	for (int depth = 0; depth < LINK_DEPTH; depth++) {
		int parent = root_parent(at, buffer, &name);
		if (parent < 0)
			return -1;
		/* Opened by the whole path again: the last component may be a symlink to nothing, made real inside the root. */
		fd = root_open(at, O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY, mode & 07777);
		/* A symlink into a directory that is not there (resolv.conf of many images): make that one too. */
		int error = errno, follow = fd < 0 && error == ENOENT && link_path(parent, buffer, name, target) == 0;
		errno = error;
		if (!follow)
			break;
		at = target;
	}
	return fd < 0 ? failed("create", path) : fd;
}

int is_proc(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_MAGIC;
}

static int is_proc_root(int fd)
{
	struct stat st;
	return is_proc(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

static int proc_fd = -1;

void root_keep_proc(int fd)
{
	close(proc_fd);
	proc_fd = fd;
}

/* The one that was mounted here, or one of our own, attached nowhere: neither can be redirected by mounts inside, for who
 * stays on its mount (CVE-2025-52881). A user namespace whose /proc is masked already may not make one; then the
 * container's, if its root is procfs' root. */
int root_proc(void)
{
	if (proc_fd >= 0)
		return proc_fd;
	cleanup_close int fs = k_fsopen("proc");
	int fd = fs >= 0 && k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL) == 0 ? k_fsmount(fs, 0) : -1;
	if (fd >= 0)
		return proc_fd = fd;
	fd = root_open("/proc", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return failed("open", "/proc");
	if (is_proc_root(fd))
		return proc_fd = fd;
	close(fd);
	errno = EPERM;
	return failed("verify", "/proc");
}

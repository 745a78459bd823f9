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

static int make_path(const char *path, const struct owner *owner, int depth);

/* `prefix` is a symlink to nothing: make what it points to, so that the path through it exists. */
static int make_link_target(int parent, const char *prefix, const char *name, const struct owner *owner, int depth)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlinkat(parent, name, target, sizeof target - 1);
	if (length < 0)
		return -1;
	target[length] = 0;
	size_t keep = target[0] == '/' ? 0 : (size_t)(strrchr(prefix, '/') - prefix) + 1;
	if (keep + (size_t)length >= sizeof joined) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(joined, prefix, keep);
	memcpy(joined + keep, target, (size_t)length + 1);
	return make_path(joined, owner, depth + 1);
}

/* Make the last component of `prefix` (its parent exists). */
static int make_component(char *prefix, const struct owner *owner, int depth)
{
	char *slash = strrchr(prefix, '/');
	*slash = 0;
	int parent = root_open(prefix[0] ? prefix : "/", O_PATH | O_DIRECTORY, 0);
	*slash = '/';
	if (parent < 0)
		return -1;
	int result = mkdirat(parent, slash + 1, owner->mode & 07777);
	if (result == 0) {
		int made = k_openat2(parent, slash + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, K_RESOLVE_BENEATH);
		result = made < 0 ? -1 : fchown(made, owner->uid, owner->gid);
		if (result == 0)
			result = fchmod(made, owner->mode & 07777);
		close(made);
	} else if (errno == EEXIST) {
		result = depth < LINK_DEPTH ? make_link_target(parent, prefix, slash + 1, owner, depth) : -1;
	}
	close(parent);
	return result;
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

int root_directory(const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
	int fd = root_open(path, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? failed("open", path) : fd;
	struct owner owner = { mode, uid, gid };
	if (make_path(path, &owner, 0))
		return failed("mkdir", path);
	fd = root_open(path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? failed("open", path) : fd;
}

int root_parent(const char *path, char *buffer, const char **name)
{
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length + 1 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return failed("open", path);
	}
	memcpy(buffer, path, length);
	buffer[length] = 0;
	char *slash = strrchr(buffer, '/');
	*name = slash ? slash + 1 : buffer;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, "..")) {
		errno = EINVAL;
		return failed("open", path);
	}
	if (!slash)
		return root_directory("/", 0755, 0, 0);
	*slash = 0;
	return root_directory(buffer[0] ? buffer : "/", 0755, 0, 0);
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
		mode_t mask = umask(0);
		fd = root_open(at, O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY, mode & 07777);
		umask(mask);
		/* A symlink into a directory that is not there (resolv.conf of many images): make that one too. */
		int error = errno;
		int follow = fd < 0 && error == ENOENT && link_path(parent, buffer, name, target) == 0;
		close(parent);
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

/* A procfs of our own, attached nowhere, cannot be redirected by mounts inside (CVE-2025-52881). A user namespace whose
 * /proc is masked already may not make one; then the container's, if its root is procfs' root. */
int root_proc(void)
{
	int fs = k_fsopen("proc");
	int fd = fs >= 0 && k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL) == 0 ? k_fsmount(fs, 0) : -1;
	if (fs >= 0)
		close(fs);
	if (fd >= 0)
		return fd;
	fd = root_open("/proc", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return failed("open", "/proc");
	if (is_proc_root(fd))
		return fd;
	close(fd);
	errno = EPERM;
	return failed("verify", "/proc");
}

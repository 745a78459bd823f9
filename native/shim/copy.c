/* tmpcopyup: the contents of an image directory copied into the tmpfs that will cover it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "kernel.h"
#include "shim.h"

#define COPY_DEPTH 64

static int copy_dir(int from, int to, int depth);

static int set_owner(int dir, const char *name, const struct stat *st)
{
	if (fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return -1;
	return S_ISLNK(st->st_mode) ? 0 : fchmodat(dir, name, st->st_mode & 07777, 0);
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof target - 1);
	if (length < 0)
		return -1;
	target[length] = 0;
	return symlinkat(target, to, name);
}

static int copy_file(int from, int to, const char *name)
{
	cleanup_close int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_close int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t sent = -1;
	if (in >= 0 && out >= 0)
		while ((sent = sendfile(out, in, NULL, 1 << 30)) > 0)
			;
	return sent < 0 ? -1 : 0;
}

static int copy_subdirectory(int from, int to, const char *name, int depth)
{
	if (depth == COPY_DEPTH) {
		errno = ELOOP;
		return -1;
	}
	if (mkdirat(to, name, 0700))
		return -1;
	cleanup_close int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return in < 0 || out < 0 ? -1 : copy_dir(in, out, depth + 1);
}

static int copy_entry(int from, int to, const char *name, int depth)
{
	struct stat st;
	int result;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (S_ISDIR(st.st_mode))
		result = copy_subdirectory(from, to, name, depth);
	else if (S_ISREG(st.st_mode))
		result = copy_file(from, to, name);
	else if (S_ISLNK(st.st_mode))
		result = copy_link(from, to, name);
	else
		result = mknodat(to, name, st.st_mode, st.st_rdev);
	return result ? result : set_owner(to, name, &st);
}

static int copy_dir(int from, int to, int depth)
{
	struct dirent *entry;
	int result = 0, copy = fcntl(from, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return -1;
	while (!result && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			result = copy_entry(from, to, entry->d_name, depth);
	int error = errno;
	closedir(dir);
	errno = error;
	return result || error ? -1 : 0;
}

int copy_tree(int from, int to)
{
	struct stat st;
	if (fstat(from, &st) || fchown(to, st.st_uid, st.st_gid) || fchmod(to, st.st_mode & 07777))
		return -1;
	return copy_dir(from, to, 0);
}

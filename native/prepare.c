/* What a plan needs from the host is opened by the monitor before clone, with the host's rights and in the host's mount
 * namespace: bind sources and the root mount become detached mounts (open_tree(2), fsmount(2)) that init only attaches. */
#include <errno.h>
#include <limits.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "kernel.h"
#include "shim.h"

#define FSCONFIG_VALUE_MAX 255 /* fsconfig(2) takes strings of up to 255 bytes */

static int set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, unsigned flags)
{
	struct k_mount_attr attr = { set, clear, propagation, 0 };
	return set || clear || propagation ? k_mount_setattr(fd, flags, &attr) : 0;
}

/* The detached copy of a shared mount is its peer. Unless asked otherwise it becomes a slave: what the host mounts later
 * is seen inside, nothing inside reaches the host. */
static int set_propagation(int fd, uint32_t propagation)
{
	uint32_t kind = propagation & ~(uint32_t)MS_REC;
	if (!kind)
		return set_attributes(fd, 0, 0, MS_SLAVE, K_AT_RECURSIVE);
	return set_attributes(fd, 0, 0, kind, propagation & MS_REC ? K_AT_RECURSIVE : 0);
}

static int clone_mount(const char *source, int recursive)
{
	int fd = k_open_tree(AT_FDCWD, source, K_OPEN_TREE_CLONE | (recursive ? K_AT_RECURSIVE : 0));
	return fd < 0 ? failed("open", source) : fd;
}

/* ---- id-mapped mounts: the mapping comes from a user namespace that a helper child lives in for a moment ---- */

static size_t decimal(char *out, uint64_t value)
{
	char digits[20];
	size_t n = 0, i = 0;
	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		out[i++] = digits[--n];
	return i;
}

static int write_map(int pid, const char *file, const struct arg *list)
{
	char path[64] = "/proc/", text[4096];
	size_t length = 0;
	size_t end = 6 + decimal(path + 6, (uint64_t)pid);
	memcpy(path + end, file, strlen(file) + 1);
	for (uint32_t i = 0; i < list->n; i++) {
		if (length + 12 > sizeof text) {
			errno = E2BIG;
			return -1;
		}
		length += decimal(text + length, plan_u32(list->s, i));
		text[length++] = i % 3 == 2 ? '\n' : ' ';
	}
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t written = write(fd, text, length);
	close(fd);
	return written == (ssize_t)length ? 0 : -1;
}

static int user_namespace_of(int pid, const struct arg *uids, const struct arg *gids)
{
	char path[64] = "/proc/";
	size_t end = 6 + decimal(path + 6, (uint64_t)pid);
	memcpy(path + end, "/ns/user", 9);
	if (write_map(pid, "/uid_map", uids) || write_map(pid, "/gid_map", gids))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
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
	int ns = idmap_namespace(uids, gids);
	if (ns < 0)
		return -1;
	int result = map_ids(fd, ns);
	close(ns);
	return result;
}

static int prepare_bind(const struct arg *a)
{
	const char *source = a[BIND_SOURCE].s;
	int fd = clone_mount(source, a[BIND_RECURSIVE].n != 0);
	if (fd < 0)
		return -1;
	if (a[BIND_IDMAP_UID].n && set_idmap(fd, &a[BIND_IDMAP_UID], &a[BIND_IDMAP_GID]))
		return failed("idmap", source);
	if (set_attributes(fd, a[BIND_ATTR_SET_TREE].n, a[BIND_ATTR_CLEAR_TREE].n, 0, K_AT_RECURSIVE) ||
	    set_attributes(fd, a[BIND_ATTR_SET].n, a[BIND_ATTR_CLEAR].n, 0, 0))
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
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed("open", path);
	link[14 + decimal(link + 14, (uint64_t)fd)] = 0;
	int result = k_fsconfig(fs, K_FSCONFIG_SET_STRING, key, link);
	close(fd);
	return result ? failed(key, path) : 0;
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
	int fs = k_fsopen("overlay"), fd = -1;
	if (fs < 0)
		return failed("fsopen", "overlay");
	k_fsconfig(fs, K_FSCONFIG_SET_STRING, "source", "overlay");
	if (add_lowers(fs, &a[ROOT_OVERLAY_LOWER])) {
	} else if (a[ROOT_OVERLAY_UPPER].n && (set_directory(fs, "upperdir", a[ROOT_OVERLAY_UPPER].s) ||
					       set_directory(fs, "workdir", a[ROOT_OVERLAY_WORK].s))) {
	} else if (mount_options(fs, &a[ROOT_OVERLAY_OPTIONS])) {
	} else if (k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL)) {
		failed("mount", "overlay");
	} else {
		fd = k_fsmount(fs, (unsigned)a[ROOT_OVERLAY_ATTR_SET].n);
		if (fd < 0)
			failed("fsmount", "overlay");
	}
	int error = errno;
	close(fs);
	errno = error;
	return fd;
}

struct text {
	char bytes[4096]; /* mount(2) copies one page */
	size_t used;
};

static int add_bytes(struct text *t, const char *s, size_t length)
{
	if (t->used + length >= sizeof t->bytes) {
		errno = E2BIG;
		return -1;
	}
	memcpy(t->bytes + t->used, s, length);
	t->bytes[t->used += length] = 0;
	return 0;
}

static int add_text(struct text *t, const char *s)
{
	return add_bytes(t, s, strlen(s));
}

/* An SELinux label has commas: it is put in quotes, which its parser alone takes off. */
static int add_option(struct text *t, const char *option)
{
	size_t key = strcspn(option, "=") + 1;
	if (!strchr(option, ',') || key > strlen(option))
		return add_text(t, option);
	return add_bytes(t, option, key) || add_text(t, "\"") || add_text(t, option + key) || add_text(t, "\"");
}

/* A directory's name among options that commas and colons separate. */
static int add_name(struct text *t, const char *s)
{
	for (; *s; s++) {
		char one[3] = { '\\', *s, 0 };
		if (add_text(t, strchr("\\,:", *s) ? one : one + 1))
			return -1;
	}
	return 0;
}

/* Length of the longest directory prefix (with its slash) all lowers share. */
static size_t common_parent(const struct arg *lower)
{
	const char *cursor = lower->s, *first = plan_string(&cursor);
	size_t common = (size_t)(strrchr(first, '/') - first) + 1;
	for (uint64_t i = 1; i < lower->n; i++) {
		const char *other = plan_string(&cursor);
		size_t same = 0;
		while (same < common && other[same] == first[same])
			same++;
		while (same && first[same - 1] != '/')
			same--;
		common = same;
	}
	return common;
}

static int overlay_text(const struct arg *a, size_t skip, struct text *t)
{
	const char *cursor = a[ROOT_OVERLAY_LOWER].s;
	for (uint64_t i = 0; i < a[ROOT_OVERLAY_LOWER].n; i++)
		if (add_text(t, i ? ":" : "lowerdir=") || add_name(t, plan_string(&cursor) + skip))
			return -1;
	if (a[ROOT_OVERLAY_UPPER].n && (add_text(t, ",upperdir=") || add_name(t, a[ROOT_OVERLAY_UPPER].s) ||
					add_text(t, ",workdir=") || add_name(t, a[ROOT_OVERLAY_WORK].s)))
		return -1;
	cursor = a[ROOT_OVERLAY_OPTIONS].s;
	for (uint64_t i = 0; i < a[ROOT_OVERLAY_OPTIONS].n; i++)
		if (add_text(t, ",") || add_option(t, plan_string(&cursor)))
			return -1;
	return 0;
}

/* In a child with a mount namespace and a directory of its own but our descriptor table: mount, copy the mount to
 * descriptor `slot`, leave no other descriptor behind. */
static int mount_old_way(const struct arg *a, int slot)
{
	static struct text t;
	char parent[PATH_MAX];
	size_t skip = common_parent(&a[ROOT_OVERLAY_LOWER]);
	const char *cursor = a[ROOT_OVERLAY_LOWER].s;
	if (skip >= sizeof parent)
		return ENAMETOOLONG;
	memcpy(parent, plan_string(&cursor), skip);
	parent[skip] = 0;
	if (overlay_text(a, skip, &t))
		return errno;
	/* Where it is attached for a moment does not matter; the upper directory's parent surely exists. */
	const char *target = a[ROOT_OVERLAY_WORK].n ? a[ROOT_OVERLAY_WORK].s : parent;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || chdir(parent) ||
	    mount("overlay", target, "overlay", 0, t.bytes))
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
	int result = from_child(mount_old_way, a, slot);
	if (result && errno == E2BIG)
		return failed("mount", "overlay: before Linux 6.7 its directories' names together take at most 4095 bytes");
	if (result)
		return failed("mount", "overlay");
	return set_attributes(slot, a[ROOT_OVERLAY_ATTR_SET].n, 0, 0, 0) ? failed("mount_setattr", "overlay") : slot;
}

/* By the version, not by trying: every refused option is a line in the kernel's log. */
static int takes_lowers_one_by_one(void)
{
	struct utsname name;
	char *dot;
	if (uname(&name))
		return 0;
	long major = strtol(name.release, &dot, 10);
	return major > 6 || (major == 6 && *dot == '.' && strtol(dot + 1, NULL, 10) >= 7);
}

static int plain_overlay(const struct arg *a)
{
	return takes_lowers_one_by_one() ? overlay_by_fsconfig(a) : overlay_by_mount(a);
}

/* Lay an id-mapped copy of the directory's mount over the directory. */
static int map_over(const char *path, int ns)
{
	int fd = clone_mount(path, 0), at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 || at < 0 || map_ids(fd, ns) || k_attach(fd, at) ? errno : 0;
	close(fd);
	close(at);
	return result;
}

/* The id outside that stands for 0 inside. */
static uint32_t mapped_root(const struct arg *list)
{
	for (uint32_t i = 0; i + 2 < list->n; i += 3)
		if (!plan_u32(list->s, i))
			return plan_u32(list->s, i + 1);
	return 0;
}

/* What an overlay makes for itself belongs to who mounted it, who must be one of those that its layers know. The capabilities
 * that go with being 0 are kept. */
static int be_mapped_root(const struct arg *a)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
		return -1;
	setfsgid(mapped_root(&a[ROOT_OVERLAY_IDMAP_GID]));
	setfsuid(mapped_root(&a[ROOT_OVERLAY_IDMAP_UID]));
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

_Static_assert(OVERLAY_LOWER == ROOT_OVERLAY_LOWER && OVERLAY_IDMAP_GID == ROOT_OVERLAY_IDMAP_GID, "fields in one order");

static int prepare_part(const struct arg *a)
{
	const char *source = a[OVERLAY_SOURCE].s;
	int whole = prepare_overlay(a);
	if (whole < 0)
		return -1;
	int at = k_openat2(whole, source, O_PATH | O_CLOEXEC, 0, K_RESOLVE_IN_ROOT);
	int fd = at < 0 ? -1 : k_open_tree(at, "", (unsigned)AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
	int error = errno;
	close(at);
	close(whole);
	errno = error;
	return fd < 0 ? failed("overlay", source) : fd;
}

static int prepare_root_bind(const struct arg *a)
{
	int fd = clone_mount(a[ROOT_BIND_SOURCE].s, 1);
	if (fd < 0)
		return -1;
	if (set_propagation(fd, 0) || set_attributes(fd, a[ROOT_BIND_ATTR_SET].n, 0, 0, 0))
		return failed("mount_setattr", a[ROOT_BIND_SOURCE].s);
	return fd;
}

static int connect_listener(const struct arg *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (path->n >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return failed("connect", path->s);
	}
	memcpy(address.sun_path, path->s, path->n);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
		return failed("connect", path->s);
	return fd;
}

/* The host's own node: without the read-only flag the container's root could chmod and chown it. */
static int prepare_null(void)
{
	int fd = clone_mount("/dev/null", 0);
	if (fd < 0)
		return -1;
	return set_attributes(fd, K_MOUNT_ATTR_RDONLY, 0, 0, 0) ? failed("mount_setattr", "/dev/null") : fd;
}

int prepare_step(struct record *step)
{
	switch (step->code) {
	case OP_ROOT_OVERLAY:
		return step->fd = prepare_overlay(step->arg);
	case OP_ROOT_BIND:
		return step->fd = prepare_root_bind(step->arg);
	case OP_BIND:
		return step->fd = prepare_bind(step->arg);
	case OP_OVERLAY:
		return step->fd = prepare_part(step->arg);
	case OP_MASK:
		return step->fd = prepare_null();
	case OP_SECCOMP:
		return step->arg[SECCOMP_LISTENER].n ? (step->fd = connect_listener(&step->arg[SECCOMP_LISTENER])) : 0;
	default:
		return 0;
	}
}

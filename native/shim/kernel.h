/* System calls and constants that the C library of an older distribution does not have yet. Every wrapper returns what the
 * kernel returns, errno set. The newest call the shim cannot do without is mount_setattr(2): Linux 5.12. */
#ifndef BERTH_KERNEL_H
#define BERTH_KERNEL_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* clone3(2) */
#define K_CLONE_INTO_CGROUP 0x200000000ull
#define K_CLONE_CLEAR_SIGHAND 0x100000000ull
#define K_CLONE_NEWTIME 0x80u

struct k_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* openat2(2) */
#define K_RESOLVE_NO_XDEV 0x01
#define K_RESOLVE_NO_MAGICLINKS 0x02
#define K_RESOLVE_NO_SYMLINKS 0x04
#define K_RESOLVE_BENEATH 0x08
#define K_RESOLVE_IN_ROOT 0x10

struct k_open_how {
	uint64_t flags, mode, resolve;
};

/* open_tree(2), move_mount(2), fsconfig(2), mount_setattr(2) */
#define K_OPEN_TREE_CLONE 1u
#define K_AT_RECURSIVE 0x8000u
#define K_MOVE_F_EMPTY 0x04u
#define K_MOVE_T_EMPTY 0x40u
#define K_FSCONFIG_SET_FLAG 0u
#define K_FSCONFIG_SET_STRING 1u
#define K_FSCONFIG_CREATE 6u
#define K_MOUNT_ATTR_RDONLY 0x1u
#define K_MOUNT_ATTR_ATIME 0x70u
#define K_MOUNT_ATTR_IDMAP 0x100000u

struct k_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static inline int k_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct k_open_how how = { flags | O_CLOEXEC, mode, resolve };
	return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static inline int k_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags | O_CLOEXEC);
}

/* Attach the detached mount `fd` on what `target` refers to. */
static inline int k_attach(int fd, int target)
{
	return (int)syscall(SYS_move_mount, fd, "", target, "", K_MOVE_F_EMPTY | K_MOVE_T_EMPTY);
}

static inline int k_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
}

static inline int k_fsconfig(int fd, unsigned cmd, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fd, cmd, key, value, 0);
}

static inline int k_fsmount(int fd, unsigned attrs)
{
	return (int)syscall(SYS_fsmount, fd, 1 /* FSMOUNT_CLOEXEC */, attrs);
}

static inline int k_mount_setattr(int fd, unsigned flags, const struct k_mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, fd, "", (unsigned)AT_EMPTY_PATH | flags, attr, sizeof *attr);
}

static inline int k_set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, unsigned flags)
{
	struct k_mount_attr attr = { set, clear, propagation, 0 };
	return set || clear || propagation ? k_mount_setattr(fd, flags, &attr) : 0;
}

static inline int k_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int k_pidfd_open(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Like fork(2) with clone flags: the child returns 0 on a copy of the stack. */
static inline int k_clone(uint64_t flags, int cgroup, int exit_signal)
{
	struct k_clone_args args = { .flags = flags, .exit_signal = (uint64_t)exit_signal, .cgroup = (uint64_t)cgroup };
	return (int)syscall(SYS_clone3, &args, sizeof args);
}

#endif

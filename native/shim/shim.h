/* Shared declarations of the shim: monitor (supervisor) and init (plan interpreter). Functions return 0 or a value, or
 * -1 with errno and failure_text() saying which act failed. */
#ifndef BERTH_SHIM_H
#define BERTH_SHIM_H

#include <stdint.h>
#include <sys/types.h>
#include "plan.h"

#define WHAT_BYTES 96

/* ---- failure.c: the short text that goes with errno ---- */
/* Remember "act subject" unless something nearer to the cause already did; returns -1, errno kept. */
int failed(const char *act, const char *subject);
void failure_reset(void);
const char *failure_text(void);

/* ---- fd.c ---- */
/* A descriptor with this attribute is closed at the end of its scope, errno kept; -1 is none. */
#define cleanup_close __attribute__((cleanup(close_kept)))
void close_kept(const int *fd);
/* One message, with a descriptor unless that is -1 (SCM_RIGHTS). */
int send_fd(int socket, const void *bytes, size_t length, int fd);
/* Bytes, or -1; *fd is -1 when none came along. */
ssize_t receive_fd(int socket, void *bytes, size_t length, int *fd, int flags);
/* A stream socket that is connected to the one at `path`. */
int connect_to(const char *path);
/* All of the text by one write(2), then close. -1 may come in, for what could not be opened. */
int write_once(int fd, const char *text, uint64_t length);
/* `file` of /proc/PID, "/uid_map". */
int open_proc(int pid, const char *file);
int write_proc(int pid, const char *file, const char *text, uint64_t length);
/* With a NUL behind, at most 21 bytes; its length. */
size_t put_decimal(char *out, uint64_t value);

/* ---- messages between init and monitor, SOCK_SEQPACKET ---- */
enum { MSG_WAIT = 1, MSG_PTY, MSG_FAILED };

struct init_message {
	uint32_t kind, step, error, point;
	char what[WHAT_BYTES];
};

/* ---- state as it goes to clients and into the file `status`; src/runtime/shim/state.ts reads it ---- */
enum { STATE_LAUNCHING = 1, STATE_WAITING, STATE_RUNNING, STATE_EXITED, STATE_FAILED };

struct state {
	uint32_t magic, state, point, pid, monitor_pid, step, error, exit_code, signal, oom_killed;
	uint64_t start_ticks, started_ns, finished_ns;
	char what[WHAT_BYTES];
};
#define STATE_MAGIC 0x31535442u

enum { REQUEST_GO = 1, REQUEST_SIGNAL, REQUEST_RESIZE, REQUEST_ATTACH, REQUEST_LOG_TAKEN, REQUEST_HOLD };
enum { ATTACH_STDIN = 1, ATTACH_STDOUT = 2, ATTACH_STDERR = 4 };
enum { FRAME_STATE = 1, FRAME_RESULT, FRAME_ROTATED, FRAME_OOM };

struct request {
	uint32_t type, a, b, c;
};

struct frame_head {
	uint32_t type, length;
};

/* ---- prepare.c: in the monitor, before clone ---- */
int prepare_step(struct record *step);
int mount_options(int fs, const struct arg *options);

/* ---- words.c: what the launcher says on its pipe ---- */
void words_open(int fd);
/* Until that one; ends the process when there will be none. */
int words_await(uint8_t wanted);
/* Out of the way of descriptors below `least`. */
int words_move(int least);
void words_close(void);

/* ---- processors.c: those that the shim and what it starts may use ---- */
void processors_open(void);
/* All of them again, whatever the launcher has kept this process off; once. */
void processors_take(void);

/* ---- network.c: the container's network namespace, made before the plan is there ---- */
void network_make(void);
/* Whether init inherits it. */
int network_is_made(void);
/* Keep it for this plan's init, or go back to the host's. */
int network_settle(const struct plan *plan);
/* Back to the host's, if it was left. */
int network_leave(void);

/* ---- spawn.c: namespaces, clone, and what only the monitor may do to the child ---- */
struct spawn {
	const struct plan *plan;
	int stdio[3];  /* the child's 0, 1, 2 */
	int sync;      /* the child's end of the message socket */
	int listener;  /* control socket, for handover */
	int keep_fds;  /* descriptors 3 … 2+n that go to the process */
};
/* Pid of init; it waits for one byte on `sync`. */
int spawn_init(const struct spawn *spawn);
/* Called by init first of all. */
int spawn_enter_tasks(void);
/* id maps, v2 cgroup where clone could not, rlimits, oom_score_adj. `step` is set to the failing step. */
int spawn_configure(const struct plan *plan, int pid, uint32_t *step);
uint64_t start_ticks(int pid);

/* ---- root.c: paths inside the container's root ---- */
extern int root_fd;
int root_open(const char *path, uint64_t flags, uint64_t mode);
/* O_PATH descriptor of a directory, made with parents when missing. */
int root_directory(const char *path, uint32_t mode, uint32_t uid, uint32_t gid);
/* O_PATH descriptor of anything at path; an empty file is made when there is nothing. */
int root_file(const char *path, uint32_t mode);
/* Whether the file belongs to a procfs. */
int is_proc(int fd);
/* O_PATH descriptor of path's directory, made when missing, which is this module's and good until its next function is called;
 * `directory` takes its name, PATH_MAX bytes, *name is the last component. */
int root_parent(const char *path, char *directory, const char **name);
/* Whether what is made in that directory belongs to these by itself. */
int root_gives(uint32_t uid, uint32_t gid);
/* Something was mounted at this path; "": anywhere. */
void root_forget(const char *mounted);
/* A procfs directory nobody in the container can have tampered with; it stays open. */
int root_proc(void);
/* Take over the root of a whole procfs that was just made. */
void root_keep_proc(int fd);

/* ---- mounts.c: mount steps inside ---- */
int mount_root(const struct record *step);
int mount_pivot(const struct record *step);
int mount_filesystem(const struct record *step);
int mount_prepared(const struct record *step);
int mount_console(int slave);
int mount_mask(const struct record *step);
int mount_readonly(const struct record *step);
int mount_change(const char *path, uint64_t set, uint64_t clear, uint64_t propagation, int recursive);
int copy_tree(int from, int to);

/* ---- process.c: steps about the process itself ---- */
extern int host_pid; /* of this process, as the host sees it */
extern mode_t process_umask; /* of what is executed; until then nothing is masked */
int process_step(const struct record *step, int keep_fds);
/* Whether the program can be found and executed, in the words of process_exec. */
int process_find(const struct record *exec);
/* NULL-terminated, in memory of its own that is never given back. */
char **string_array(const struct arg *list);
int process_exec(const struct record *exec, int keep_fds);

/* ---- hook.c ---- */
int run_hook(const struct record *step);
/* Replace every byte 1 of the text by pid, in memory that is never given back. */
int put_pid(struct arg *text, int pid);

/* ---- adopt.c: what a foreign runtime's command hands over ---- */
int adopt_listen(void);
/* The terminal's master, or -1. */
int adopt_console(int listener);
/* The pid in the file, 0 when there is none yet. */
int adopt_pid(const char *file);

/* ---- init.c ---- */
_Noreturn void init_main(const struct spawn *spawn);

/* ---- reaper.c: the program called docker-init ---- */
int reaper_main(int argc, char **argv);

/* ---- log.c: a container's log files ---- */
struct log_settings {
	const char *path;
	uint64_t max_size; /* 0: no limit */
	uint32_t max_files;
	int json;               /* Docker's JSON lines instead of records (src/runtime/shim/record.ts) */
	int hold;               /* never remove a record file whose id is not below `taken` */
	uint64_t taken;
	const char *attributes; /* JSON text for every line */
	uint32_t attributes_length;
};
struct log_entry {
	int stream, partial;
	uint64_t time;
	const char *bytes;
	uint32_t length;
};
int log_open(const struct log_settings *settings);
/* Entries are in the file after log_flush() or log_end(). */
void log_write(int stream, const char *bytes, uint32_t length);
void log_flush(void);
void log_end(int stream);
/* What was written of a line that has not ended, and is in no file yet. */
const char *log_open_line(int stream, uint32_t *length);
/* Whether files were renamed since the last call. */
int log_take_rotated(void);
/* Output is not to be read on until log_taken() makes room. */
int log_stalled(void);
void log_taken(uint64_t file);

/* ---- log_json.c ---- */
/* Bytes one entry takes at most, attributes not counted. */
uint64_t log_json_most(uint32_t length);
uint32_t log_json(char *to, const struct log_entry *entry, const char *attributes, uint32_t attributes_length);

/* ---- start.c ---- */
/* Launch; afterwards the plan's memory is not needed any more. */
int monitor_start(const struct plan *plan, int listener);

/* ---- monitor.c ---- */
/* Supervise until the process is gone and its status is durable. */
int monitor_loop(void);
/* After -1 of anything: write down failure_text() and errno, end what was begun. */
void monitor_fail(void);

#endif

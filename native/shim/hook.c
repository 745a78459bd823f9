/* Hooks inside the container (runtime-spec config.md, "POSIX-platform Hooks"), and text that names a pid. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "kernel.h"
#include "shim.h"

#define TURN_NS 2000000

int put_pid(struct arg *text, int pid)
{
	char digits[24];
	size_t length = put_decimal(digits, (uint64_t)pid), marks = 0, used = 0;
	for (uint64_t i = 0; i < text->n; i++)
		marks += text->s[i] == 1;
	if (!marks)
		return 0;
	char *out = mmap(NULL, text->n + marks * length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (out == MAP_FAILED)
		return -1;
	for (uint64_t i = 0; i < text->n; i++) {
		int mark = text->s[i] == 1;
		memcpy(out + used, mark ? digits : text->s + i, mark ? length : 1);
		used += mark ? length : 1;
	}
	text->s = out;
	text->n = used;
	return 0;
}

static int input_of(struct arg text)
{
	int fd = memfd_create("state", MFD_CLOEXEC);
	if (fd < 0 || put_pid(&text, getpid()) || write(fd, text.s, text.n) != (ssize_t)text.n || lseek(fd, 0, SEEK_SET) < 0)
		return failed("hook", "state");
	return fd;
}

static _Noreturn void hook_child(const struct arg *a, int input)
{
	char **argv = string_array(&a[RUN_HOOK_ARGV]), **env = string_array(&a[RUN_HOOK_ENV]);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	for (int fd = 1; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	umask(process_umask);
	if (argv && env && dup2(input, 0) == 0)
		execve(a[RUN_HOOK_PATH].s, argv, env);
	_exit(127);
}

/* 0, or -1 with errno ETIMEDOUT when it takes longer than `seconds`. */
static int await_end(int pid, uint64_t seconds, int *status)
{
	struct timespec turn = { .tv_nsec = TURN_NS };
	uint64_t left = seconds * (1000000000 / TURN_NS);
	pid_t found;
	while ((found = waitpid(pid, status, seconds ? WNOHANG : 0)) != pid) {
		if (found < 0 && errno != EINTR)
			return -1;
		if (seconds && !left--) {
			kill(pid, SIGKILL);
			while (waitpid(pid, status, 0) < 0 && errno == EINTR)
				;
			errno = ETIMEDOUT;
			return -1;
		}
		if (seconds)
			nanosleep(&turn, NULL);
	}
	return 0;
}

int run_hook(const struct record *step)
{
	char how[48];
	int status = 0, input = input_of(step->arg[RUN_HOOK_STATE]);
	if (input < 0)
		return -1;
	int pid = fork(); /* the container's seccomp filter may refuse clone3(2) by now */
	if (pid == 0)
		hook_child(step->arg, input);
	close(input);
	if (pid < 0 || await_end(pid, step->arg[RUN_HOOK_TIMEOUT].n, &status))
		return failed("hook", "");
	if (!status)
		return 0;
	int signalled = WIFSIGNALED(status);
	strcpy(how, signalled ? "signal " : "exit status ");
	put_decimal(how + strlen(how), (uint64_t)(signalled ? WTERMSIG(status) : WEXITSTATUS(status)));
	errno = ECHILD;
	return failed(how, "");
}

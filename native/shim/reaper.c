/* docker-init, pid 1 of a container that was started with --init: the same program as the shim, under the name that Docker
 * gives it inside. Starts the command as its child, passes on every signal, buries orphans, and ends as the command did. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shim.h"

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

/* Faults of the reaper itself and job control stay what they are; everything else is the command's. */
static void waited_signals(sigset_t *set)
{
	static const int own[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };
	sigfillset(set);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		sigdelset(set, own[i]);
}

/* docker-compat: the sentence and the codes of the init that Docker ships (tini). */
static _Noreturn void run_command(char **command, const sigset_t *mask)
{
	setpgid(0, 0);
	/* Without a terminal there is no foreground to take. */
	tcsetpgrp(STDIN_FILENO, getpid());
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	int error = errno;
	fprintf(stderr, "[FATAL tini (%d)] exec %s failed: %s\n", getpid(), command[0], strerror(error));
	_exit(error == ENOENT ? NOT_FOUND : error == EACCES ? NOT_EXECUTABLE : 1);
}

/* The command's exit code as a shell has it, once it ended; -1 while it runs. */
static int bury(pid_t command)
{
	int status, code = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return code;
}

/* argv: "docker-init", "--", command … */
int reaper_main(int argc, char **argv)
{
	sigset_t waited, before;
	if (argc < 3 || strcmp(argv[1], "--"))
		return 2;
	waited_signals(&waited);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigprocmask(SIG_SETMASK, &waited, &before);
	pid_t command = fork();
	if (command == 0)
		run_command(argv + 2, &before);
	if (command < 0) {
		fprintf(stderr, "[FATAL tini (%d)] fork failed: %s\n", getpid(), strerror(errno));
		return 1;
	}
	for (;;) {
		int number = sigwaitinfo(&waited, NULL), code;
		if (number == SIGCHLD && (code = bury(command)) >= 0)
			return code;
		if (number > 0 && number != SIGCHLD)
			kill(command, number);
	}
}

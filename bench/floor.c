/* floor DIRECTORY ROUNDS: the least that a container costs on this machine. Each round clones a process into namespaces of
 * its own, gives it an overlay of DIRECTORY/lower as its root, executes the static program /true in it, and waits for its
 * end; its milliseconds are printed. As root. */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	_exit(1);
}

static void run_true(void)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
	must(mount("overlay", "root", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"), "mount the overlay");
	must(chdir("root"), "enter the root");
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "unmount the old root");
	execv("/true", (char *[]){ "true", NULL });
	must(1, "execute");
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	must(argc != 3 || chdir(argv[1]), "enter the directory");
	for (int round = atoi(argv[2]); round > 0; round--) {
		double begun = now_ms();
		int status = -1, pid = (int)syscall(SYS_clone3, &args, sizeof args);
		must(pid < 0, "clone3");
		if (pid == 0)
			run_true();
		must(waitpid(pid, &status, 0) != pid || status, "true");
		printf("%.3f\n", now_ms() - begun);
	}
	return 0;
}

/* berth-shim <id>, started in the launch directory with descriptor 3 the listening control socket, 4 the file that gets the
 * launch message, 5 a pipe for words of one byte (WORD_*), one of them when the message is complete, 6 … the descriptors the
 * process is to get from 3 on. What fails is in the file `status`; when the pipe ends before its last word, nothing is to be launched.
 *
 * A container may reach the file this process runs from (/proc/self/exe as the interpreter of a script, or through a
 * process that is just entering; CVE-2019-5736): the shim runs from a sealed memory file (src/host/shim/shim-binary.ts) alone.
 *
 * Called docker-init it is another program: see reaper.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "kernel.h"
#include "shim.h"

enum { CONTROL_SOCKET = 3, LAUNCH_FILE, LAUNCH_PIPE, FIRST_PRESERVED };

static int is_sealed(void)
{
	cleanup_close int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return seals >= 0 && seals & F_SEAL_WRITE;
}

/* Whatever the engine ignored or blocked is not the container's; the monitor itself blocks everything and ignores nothing. */
static void reset_signals(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int n = 1; n < NSIG; n++)
		if (n != SIGKILL && n != SIGSTOP)
			signal(n, SIG_DFL);
}

static char *read_launch(uint32_t *length)
{
	struct stat st;
	int fd = LAUNCH_FILE;
	if (fstat(fd, &st))
		return NULL;
	if (st.st_size < 1 || st.st_size > LIMIT_MESSAGE) {
		errno = EFBIG;
		return NULL;
	}
	*length = (uint32_t)st.st_size;
	char *bytes = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED || pread(fd, bytes, *length, 0) != st.st_size)
		return NULL;
	close(fd);
	return bytes;
}

/* The listener and the pipe move out of the way of descriptors that go to the process. */
static int take_listener(uint32_t preserve)
{
	int above = FIRST_PRESERVED - CONTROL_SOCKET, end = CONTROL_SOCKET + (int)preserve;
	int listener = fcntl(CONTROL_SOCKET, F_DUPFD_CLOEXEC, end + above);
	if (listener < 0 || fcntl(listener, F_SETFL, O_NONBLOCK))
		return failed("control", "socket");
	if (words_move(end + above))
		return -1;
	for (int fd = CONTROL_SOCKET; fd < end; fd++)
		if (dup2(fd + above, fd) < 0)
			return failed("preserve", "descriptors");
	for (int fd = end; fd < end + above; fd++)
		close(fd);
	return listener;
}

static int run(char **argv)
{
	uint32_t length;
	struct plan plan;
	if (!is_sealed()) {
		errno = EPERM;
		return failed("protect", "shim");
	}
	reset_signals();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "berth-shim");
	setsid();
	processors_open();
	words_open(LAUNCH_PIPE);
	/* The launcher is still planning while the shim comes up to here. */
	if (words_await(WORD_COMPLETE))
		return -1;
	char *message = read_launch(&length);
	if (!message)
		return failed("read", "launch message");
	int count = plan_count(message, length);
	size_t bytes = count < 0 ? 0 : (size_t)count * sizeof(struct record);
	struct record *records = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (records == MAP_FAILED || plan_decode(message, length, records, &plan)) {
		errno = EINVAL;
		return failed("decode", "launch message");
	}
	strncpy(argv[1], plan.launch->arg[LAUNCH_ID].s, strlen(argv[1])); /* made ahead, it had none */
	int listener = take_listener((uint32_t)plan.launch->arg[LAUNCH_PRESERVE_FDS].n);
	if (listener < 0 || monitor_start(&plan, listener))
		return -1;
	/* The plan is done; what is left needs little. */
	munmap(records, bytes);
	munmap(message, length);
	return monitor_loop();
}

static int is_reaper(const char *name)
{
	const char *slash = strrchr(name, '/');
	return !strcmp(slash ? slash + 1 : name, "docker-init");
}

int main(int argc, char **argv)
{
	if (argc > 0 && is_reaper(argv[0]))
		return reaper_main(argc, argv);
	if (argc != 2)
		return 2;
	if (run(argv) < 0) {
		monitor_fail();
		return 1;
	}
	return 0;
}

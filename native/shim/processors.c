/* The launcher may keep the shim off the processor that it is at work on itself, so that the two work side by side: a kernel
 * that wakes a process does not always find the idle processor, in virtual machines above all. What is kept off is kept off
 * until the process is let go, or there is none to be let go; who asked for fewer processors before has those from then on. */
#include <stdint.h>
#include <string.h>
#include "kernel.h"
#include "shim.h"

#define SET_BYTES 1024 /* 8192 processors, the kernel's largest NR_CPUS */

static uint8_t wanted[SET_BYTES]; /* all, also those that come later, if nobody asked for fewer */

static int get(int pid, uint8_t *processors)
{
	memset(processors, 0, SET_BYTES);
	return syscall(SYS_sched_getaffinity, pid, SET_BYTES, processors) < 0;
}

static int set(const uint8_t *processors)
{
	return syscall(SYS_sched_setaffinity, 0, SET_BYTES, processors) < 0;
}

/* What the launcher has itself is what was asked for: this process may be kept off its processor already. */
void processors_open(void)
{
	uint8_t mine[SET_BYTES], launchers[SET_BYTES], most[SET_BYTES];
	memset(wanted, 0xff, SET_BYTES);
	if (get(0, mine) || get(getppid(), launchers))
		return;
	if (set(wanted) || get(0, most) || memcmp(launchers, most, SET_BYTES))
		memcpy(wanted, launchers, SET_BYTES);
	(void)set(mine);
}

void processors_take(void)
{
	static int taken; /* the plan may have said otherwise since */
	if (!taken++)
		(void)set(wanted);
}

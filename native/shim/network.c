/* A network namespace takes longest of all to make, and the launcher has the most to do in it. So the monitor makes it while
 * the launcher is still planning, and is in it itself until init, which inherits it, is there:
 *
 *   host's ── WORD_NETWORK ──▶ own ── init is cloned, or clone is to make it after all ──▶ host's
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include "shim.h"

static int host = -1; /* the host's, while the monitor is not in it */

/* Where that fails clone is asked for it, and tells why. */
void network_make(void)
{
	host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (host >= 0 && unshare(CLONE_NEWNET)) {
		close(host);
		host = -1;
	}
}

int network_is_made(void)
{
	return host >= 0;
}

/* It would not belong to a user namespace that is made with it or entered before; one that is joined is another. */
int network_settle(const struct plan *plan)
{
	uint64_t create = plan->namespaces->arg[NAMESPACES_CREATE].n;
	int fits = create & CLONE_NEWNET && !(create & CLONE_NEWUSER) && !plan->join_count;
	return fits ? 0 : network_leave();
}

int network_leave(void)
{
	if (host < 0)
		return 0;
	int result = setns(host, CLONE_NEWNET);
	close_kept(&host);
	host = -1;
	return result ? failed("setns", "network") : 0;
}

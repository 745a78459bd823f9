/* What the launcher says on its pipe, a byte each (WORD_*), in whatever order. When the pipe ends before what is waited for,
 * nothing is to be launched after all, and nobody is there who would be told. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "shim.h"

static int words = -1;
static uint32_t said; /* bit n: word n */

void words_open(int fd)
{
	words = fd;
}

int words_await(uint8_t wanted)
{
	while (!(said & 1u << wanted)) {
		uint8_t word = 0;
		ssize_t n = read(words, &word, 1);
		if (n == 0)
			_exit(0);
		if (n < 0 && errno != EINTR)
			return failed("read", "launch pipe");
		if (n > 0 && word < 32)
			said |= 1u << word;
		if (n > 0 && word == WORD_NETWORK)
			network_make();
	}
	return 0;
}

int words_move(int least)
{
	int fd = fcntl(words, F_DUPFD_CLOEXEC, least);
	close(words);
	words = fd;
	return fd < 0 ? failed("move", "launch pipe") : 0;
}

void words_close(void)
{
	close_kept(&words);
	words = -1;
}

#include <errno.h>
#include <string.h>
#include "shim.h"

static char text[WHAT_BYTES];

static void append(const char *s)
{
	size_t used = strlen(text);
	size_t room = sizeof text - 1 - used;
	size_t length = strlen(s);
	if (length > room)
		length = room;
	memcpy(text + used, s, length);
	text[used + length] = 0;
}

int failed(const char *act, const char *subject)
{
	if (!text[0]) {
		append(act);
		if (subject[0]) {
			append(" ");
			append(subject);
		}
	}
	return -1;
}

void failure_reset(void)
{
	text[0] = 0;
}

const char *failure_text(void)
{
	return text;
}

/* The launch message (src/runtime/plan/wire.ts) in memory: records that point into the message's bytes. */
#ifndef BERTH_PLAN_H
#define BERTH_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include "ops.h"

/* number: n. string, bytes: s, n = length. list: s = encoded elements, n = count. */
struct arg {
	uint64_t n;
	const char *s;
};

struct record {
	uint16_t code, tolerated;
	int fd;   /* what the monitor prepared for the step, or -1 */
	int skip; /* its preparation failed in a tolerated way */
	const char *tolerate;
	struct arg arg[MAX_FIELDS];
};

struct plan {
	struct record *launch, *namespaces, *joins, *steps, *exec;
	uint32_t join_count, step_count;
};

/* Number of records the message claims, or -EINVAL when it is none of ours. */
int plan_count(const char *bytes, size_t length);
/* Decode into records[plan_count()]. -EINVAL for anything that is not exactly the format. */
int plan_decode(const char *bytes, size_t length, struct record *records, struct plan *plan);
/* Next element of a `strings` list; the cursor starts as arg.s. */
const char *plan_string(const char **cursor);
/* Element i of a `u32s` list. */
uint32_t plan_u32(const char *list, uint32_t i);
int plan_tolerates(const struct record *step, int error);

#endif

/* Deterministic mutation fuzzing of native/shim/plan.c: reads seed messages from the files named, mutates them, decodes, and
 * reads everything the interpreter would read. Built with -fsanitize=address,undefined; every message lives in an
 * allocation of exactly its size, so a read past its end is caught.
 *
 *   plan-decoder <iterations> <seed number> <file>…          prints "accepted N of M" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../native/shim/plan.h"

static uint64_t random_state;
static volatile uint64_t sink;

static uint32_t random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

static void read_argument(char type, const struct arg *a)
{
	const char *cursor = a->s;
	if (type == '3')
		sink += strlen(a->s);
	for (uint64_t i = 0; type == '4' && i < a->n; i++)
		sink += strlen(plan_string(&cursor));
	for (uint64_t i = 0; type == '5' && i < a->n; i++)
		sink += plan_u32(a->s, (uint32_t)i);
	for (uint64_t i = 0; type == '6' && i < a->n; i++)
		sink += (unsigned char)a->s[i];
}

static void read_record(const struct record *r)
{
	static const struct { uint16_t code; const char *fields; } table[] = {
#define X(name, code, fields) { code, fields },
		RECORDS(X)
#undef X
	};
	sink += (uint64_t)plan_tolerates(r, 1);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (int f = 0; table[i].code == r->code && table[i].fields[f]; f++)
			read_argument(table[i].fields[f], &r->arg[f]);
}

/* 1 when accepted. */
static int decode(const char *bytes, size_t length)
{
	struct plan plan;
	int count = plan_count(bytes, length);
	if (count < 0)
		return 0;
	struct record *records = malloc((size_t)count * sizeof *records);
	int accepted = plan_decode(bytes, length, records, &plan) == 0;
	if (accepted) {
		for (int i = 0; i < count; i++)
			read_record(&records[i]);
		sink += plan.step_count + plan.join_count + plan.exec->code;
	}
	free(records);
	return accepted;
}

static uint32_t interesting(void)
{
	static const uint32_t values[] = { 0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 131072, 131073 };
	return values[random32() % (sizeof values / sizeof *values)];
}

static void mutate(char *bytes, size_t *length)
{
	for (uint32_t rounds = 1 + random32() % 4; rounds && *length > 4; rounds--) {
		size_t at = random32() % (*length - 3);
		uint32_t value = interesting();
		switch (random32() % 5) {
		case 0:
			bytes[at] = (char)random32();
			break;
		case 1:
			memcpy(bytes + at, &value, 4);
			break;
		case 2:
			bytes[at] ^= (char)(1 << random32() % 8);
			break;
		case 3:
			memmove(bytes + at, bytes + random32() % (*length - 3), 4);
			break;
		default:
			*length = at + 4;
		}
	}
	/* Keep the claimed length right most of the time, or nothing behind it would be reached. */
	uint32_t claimed = (uint32_t)*length;
	if (*length > 12 && random32() % 8)
		memcpy(bytes + 8, &claimed, 4);
}

static char *read_file(const char *name, size_t *length)
{
	FILE *file = fopen(name, "rb");
	char *bytes = malloc(1 << 20);
	if (!file || !bytes)
		exit(2);
	*length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	long iterations = argc > 3 ? atol(argv[1]) : 0, accepted = 0;
	random_state = argc > 3 ? strtoull(argv[2], NULL, 10) | 1 : 1;
	for (long i = 0; i < iterations; i++) {
		size_t length;
		static char *seeds[16];
		static size_t lengths[16];
		int which = (int)(i % (argc - 3)) % 16;
		if (!seeds[which]) {
			seeds[which] = read_file(argv[3 + which], &lengths[which]);
			if (!decode(seeds[which], lengths[which]))
				return 3; /* the seed itself must be accepted */
		}
		length = lengths[which];
		char *work = malloc(length);
		memcpy(work, seeds[which], length);
		mutate(work, &length);
		char *exact = malloc(length ? length : 1);
		memcpy(exact, work, length);
		accepted += decode(exact, length);
		free(exact);
		free(work);
	}
	printf("accepted %ld of %ld\n", accepted, iterations);
	return 0;
}

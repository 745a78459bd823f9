/* Writer of the record log; the format is drawn in src/runtime/shim/record.ts. Lines are collected over reads, records
 * over lines, and written with one write(2) a batch. A log that cannot be written (disk full) loses lines but never
 * stops the container. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "kernel.h"
#include "shim.h"

#define LINE_MAX_BYTES 16384u
#define HEAD_BYTES 16u
#define TAIL_BYTES 4u
#define BATCH_BYTES 65536u
#define FLAG_PARTIAL 1

static struct {
	int fd;
	uint64_t size, max_size;
	uint32_t max_files;
	const char *path;
} out = { .fd = -1 };

static char batch[BATCH_BYTES];
static uint32_t batched;
static struct {
	char line[LINE_MAX_BYTES];
	uint32_t length;
} held[2];

static uint32_t load32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* Whether a whole record ends at `end`. */
static int ends_well(int fd, uint64_t end)
{
	char tail[TAIL_BYTES], head[HEAD_BYTES];
	if (end < HEAD_BYTES + TAIL_BYTES || pread(fd, tail, TAIL_BYTES, (off_t)(end - TAIL_BYTES)) != TAIL_BYTES)
		return 0;
	uint64_t length = load32(tail);
	if (length > LINE_MAX_BYTES || length + HEAD_BYTES + TAIL_BYTES > end ||
	    pread(fd, head, HEAD_BYTES, (off_t)(end - TAIL_BYTES - length - HEAD_BYTES)) != HEAD_BYTES)
		return 0;
	return load32(head) == length && head[6] == 'B' && head[7] == 'L';
}

/* A crash may have left half a record at the end: walk from the start to the last whole one. */
static uint64_t sound_size(int fd, uint64_t size)
{
	uint64_t at = 0;
	char head[HEAD_BYTES];
	if (!size || ends_well(fd, size))
		return size;
	while (pread(fd, head, HEAD_BYTES, (off_t)at) == HEAD_BYTES && head[6] == 'B' && head[7] == 'L') {
		uint64_t next = at + HEAD_BYTES + load32(head) + TAIL_BYTES;
		if (next > size || !ends_well(fd, next))
			break;
		at = next;
	}
	return at;
}

static int open_file(void)
{
	struct stat st;
	out.fd = open(out.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (out.fd < 0 || fstat(out.fd, &st))
		return failed("open", out.path);
	out.size = sound_size(out.fd, (uint64_t)st.st_size);
	if (out.size != (uint64_t)st.st_size && ftruncate(out.fd, (off_t)out.size))
		return failed("truncate", out.path);
	return 0;
}

int log_open(const char *path, uint64_t max_size, uint32_t max_files)
{
	out.path = path;
	out.max_size = max_size;
	out.max_files = max_files;
	return open_file();
}

static int numbered(char *name, uint32_t number)
{
	size_t length = strlen(out.path);
	char digits[12];
	int n = 0;
	if (length + sizeof digits + 1 > PATH_MAX)
		return -1;
	memcpy(name, out.path, length + 1);
	if (!number)
		return 0;
	for (; number; number /= 10)
		digits[n++] = (char)('0' + number % 10);
	name[length++] = '.';
	while (n)
		name[length++] = digits[--n];
	name[length] = 0;
	return 0;
}

static void rotate(void)
{
	char from[PATH_MAX], to[PATH_MAX];
	for (uint32_t i = out.max_files > 1 ? out.max_files - 1 : 0; i > 0; i--)
		if (numbered(from, i - 1) == 0 && numbered(to, i) == 0)
			(void)rename(from, to);
	if (out.max_files <= 1)
		unlink(out.path);
	close(out.fd);
	open_file();
}

static void flush(void)
{
	uint32_t done = 0;
	if (out.max_size && out.size && out.size + batched > out.max_size)
		rotate();
	while (done < batched && out.fd >= 0) {
		ssize_t n = write(out.fd, batch + done, batched - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint32_t)n;
	}
	if (done == batched)
		out.size += batched;
	else if (done && ftruncate(out.fd, (off_t)out.size))
		out.size += done;
	batched = 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put_record(int stream, int flags, uint64_t time, const char *a, uint32_t a_length, const char *b, uint32_t b_length)
{
	uint32_t length = a_length + b_length, total = HEAD_BYTES + length + TAIL_BYTES;
	/* Rotation cuts between batches, so a batch may not outgrow a whole file by much. */
	if (batched + total > BATCH_BYTES || (out.max_size && batched && out.size + batched + total > out.max_size))
		flush();
	char *p = batch + batched;
	memcpy(p, &length, 4);
	p[4] = (char)stream;
	p[5] = (char)flags;
	p[6] = 'B';
	p[7] = 'L';
	memcpy(p + 8, &time, 8);
	memcpy(p + 16, a, a_length);
	memcpy(p + 16 + a_length, b, b_length);
	memcpy(p + 16 + length, &length, 4);
	batched += total;
}

void log_write(int stream, const char *bytes, uint32_t length)
{
	if (out.fd < 0)
		return;
	uint64_t time = now_ns();
	uint32_t *kept = &held[stream - 1].length;
	char *line = held[stream - 1].line;
	while (length) {
		uint32_t room = LINE_MAX_BYTES - *kept, window = length < room ? length : room;
		const char *end = memchr(bytes, '\n', window);
		uint32_t part = end ? (uint32_t)(end - bytes) : window;
		if (end || part == room) {
			put_record(stream, end ? 0 : FLAG_PARTIAL, time, line, *kept, bytes, part);
			*kept = 0;
		} else {
			memcpy(line + *kept, bytes, part);
			*kept += part;
		}
		bytes += part + (end != NULL);
		length -= part + (end != NULL);
	}
	if (batched)
		flush();
}

void log_end(int stream)
{
	uint32_t *kept = &held[stream - 1].length;
	if (out.fd >= 0 && *kept) {
		put_record(stream, FLAG_PARTIAL, now_ns(), held[stream - 1].line, *kept, "", 0);
		flush();
	}
	*kept = 0;
}

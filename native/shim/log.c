/* Writer of a container's log files: records (src/runtime/shim/record.ts) or Docker's JSON lines. Lines are collected over
 * reads, entries over lines, and written with one write(2) a batch. A log that cannot be written (disk full) loses lines
 * but never stops the container.
 *
 * Rotation renames the files (path, path.1, path.2 …, the rotated ones perhaps with .gz) under flock(2) of their
 * directory: the engine compresses rotated files and takes the lock for its own renames. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "kernel.h"
#include "shim.h"

#define LINE_MAX_BYTES 16384u
#define HEAD_BYTES 16u
#define TAIL_BYTES 4u
#define BATCH_BYTES 106496u
#define FLAG_PARTIAL 1
#define STREAM_FILE 0 /* the record a file begins with */

static struct log_settings set;
static struct {
	int fd, directory;
	uint64_t size, id;
	int rotated, stalled;
} out = { .fd = -1, .directory = -1 };

static char *batch;
static uint64_t capacity;
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

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- what a crash may have left ---- */

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

/* Half a record may be at the end: walk from the start to the last whole one. */
static uint64_t sound_records(int fd, uint64_t size)
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

/* The end of the last whole line. */
static uint64_t sound_lines(int fd, uint64_t size)
{
	char block[4096];
	while (size) {
		uint64_t from = size > sizeof block ? size - sizeof block : 0;
		ssize_t n = pread(fd, block, size - from, (off_t)from);
		const char *end = n > 0 ? memrchr(block, '\n', (size_t)n) : NULL;
		if (end)
			return from + (uint64_t)(end - block) + 1;
		size = from;
	}
	return 0;
}

/* The id of a record file is the time in its first record; 0 when there is none. */
static uint64_t file_id(int fd)
{
	char head[HEAD_BYTES];
	uint64_t id = 0;
	if (pread(fd, head, HEAD_BYTES, 0) == HEAD_BYTES && head[6] == 'B' && head[7] == 'L' && head[4] == STREAM_FILE)
		memcpy(&id, head + 8, sizeof id);
	return id;
}

static int open_file(void)
{
	struct stat st;
	out.fd = open(set.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (out.fd < 0 || fstat(out.fd, &st))
		return failed("open", set.path);
	out.size = (set.json ? sound_lines : sound_records)(out.fd, (uint64_t)st.st_size);
	if (out.size != (uint64_t)st.st_size && ftruncate(out.fd, (off_t)out.size))
		return failed("truncate", set.path);
	if (out.size)
		out.id = file_id(out.fd);
	return 0;
}

static int open_directory(void)
{
	char name[PATH_MAX];
	const char *slash = strrchr(set.path, '/');
	size_t length = slash ? (size_t)(slash - set.path) : 0;
	if (!length || length >= sizeof name)
		return -1;
	memcpy(name, set.path, length);
	name[length] = 0;
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int log_open(const struct log_settings *settings)
{
	set = *settings;
	out.directory = open_directory();
	capacity = BATCH_BYTES + set.attributes_length;
	batch = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (batch == MAP_FAILED)
		return failed("allocate", set.path);
	return open_file();
}

/* ---- rotation ---- */

static int numbered(char *name, uint32_t number, const char *suffix)
{
	size_t length = strlen(set.path);
	if (length + sizeof ".4294967295.gz" > PATH_MAX)
		return -1;
	memcpy(name, set.path, length);
	if (number) {
		name[length++] = '.';
		length += put_decimal(name + length, number);
	}
	strcpy(name + length, suffix);
	return 0;
}

static void move(uint32_t from, uint32_t to, const char *suffix)
{
	char a[PATH_MAX], b[PATH_MAX];
	if (numbered(a, from, suffix) == 0 && numbered(b, to, suffix) == 0)
		(void)rename(a, b);
}

static void discard(uint32_t number, const char *suffix)
{
	char name[PATH_MAX];
	if (numbered(name, number, suffix) == 0)
		unlink(name);
}

/* Whether the eldest file still waits for its reader. Compressed ones do not: they are compressed when they were read. */
static int eldest_is_wanted(void)
{
	char name[PATH_MAX];
	if (!set.hold || numbered(name, set.max_files - 1, ""))
		return 0;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	uint64_t id = file_id(fd);
	close(fd);
	return id >= set.taken;
}

/* An engine that stopped while it held the lock must not make the log endless. */
static int may_rename(void)
{
	return out.directory < 0 || flock(out.directory, LOCK_EX | LOCK_NB) == 0 || out.size > 2 * set.max_size;
}

static void rotate(void)
{
	out.stalled = eldest_is_wanted();
	if (out.stalled || !may_rename())
		return;
	if (set.max_files > 1) {
		discard(set.max_files - 1, "");
		discard(set.max_files - 1, ".gz");
	} else {
		discard(0, "");
	}
	for (uint32_t i = set.max_files > 1 ? set.max_files - 1 : 0; i > 0; i--) {
		move(i - 1, i, "");
		if (i > 1)
			move(i - 1, i, ".gz");
	}
	close(out.fd);
	open_file();
	if (out.directory >= 0)
		flock(out.directory, LOCK_UN);
	out.rotated = 1;
}

int log_take_rotated(void)
{
	int rotated = out.rotated;
	out.rotated = 0;
	return rotated;
}

int log_stalled(void)
{
	return out.stalled;
}

void log_taken(uint64_t file)
{
	set.taken = file;
	if (out.stalled && out.fd >= 0)
		rotate();
}

/* ---- entries ---- */

static void write_all(const char *bytes, uint32_t length)
{
	uint32_t done = 0;
	while (done < length && out.fd >= 0) {
		ssize_t n = write(out.fd, bytes + done, length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint32_t)n;
	}
	if (done == length)
		out.size += length;
	else if (done && ftruncate(out.fd, (off_t)out.size))
		out.size += done;
}

static uint32_t record(char *p, int stream, int flags, uint64_t time, const char *bytes, uint32_t length)
{
	memcpy(p, &length, 4);
	p[4] = (char)stream;
	p[5] = (char)flags;
	p[6] = 'B';
	p[7] = 'L';
	memcpy(p + 8, &time, 8);
	memcpy(p + 16, bytes, length);
	memcpy(p + 16 + length, &length, 4);
	return HEAD_BYTES + length + TAIL_BYTES;
}

/* Ids rise, also when the clock does not. */
static void begin_file(void)
{
	char head[HEAD_BYTES + TAIL_BYTES];
	uint64_t now = now_ns();
	out.id = now > out.id ? now : out.id + 1;
	write_all(head, record(head, STREAM_FILE, 0, out.id, "", 0));
}

void log_flush(void)
{
	if (!batched)
		return;
	if (set.max_size && out.size && out.size + batched > set.max_size)
		rotate();
	if (!out.size && !set.json)
		begin_file();
	write_all(batch, batched);
	batched = 0;
}

/* Rotation cuts between batches, so a batch may not outgrow a whole file by much. */
static void added(uint32_t length)
{
	if (set.max_size && batched && out.size + batched + length > set.max_size) {
		const char *entry = batch + batched;
		log_flush();
		memmove(batch, entry, length);
	}
	batched += length;
}

static void put_entry(int stream, int flags, uint64_t time, const char *bytes, uint32_t length)
{
	uint64_t most = set.json ? log_json_most(length) + set.attributes_length : HEAD_BYTES + length + TAIL_BYTES;
	if (batched + most > capacity)
		log_flush();
	char *at = batch + batched;
	struct log_entry entry = { stream, flags & FLAG_PARTIAL, time, bytes, length };
	added(set.json ? log_json(at, &entry, set.attributes, set.attributes_length) : record(at, stream, flags, time, bytes, length));
}

/* A line that is whole in what was read is taken from there; only one that came in pieces is put together first. */
void log_write(int stream, const char *bytes, uint32_t length)
{
	if (out.fd < 0 && (!set.path || open_file()))
		return;
	uint64_t time = now_ns();
	uint32_t *kept = &held[stream - 1].length;
	char *line = held[stream - 1].line;
	while (length) {
		uint32_t room = LINE_MAX_BYTES - *kept, window = length < room ? length : room;
		const char *end = memchr(bytes, '\n', window);
		uint32_t part = end ? (uint32_t)(end - bytes) : window;
		int complete = end || part == room, flags = end ? 0 : FLAG_PARTIAL;
		if (complete && !*kept) {
			put_entry(stream, flags, time, bytes, part);
		} else {
			memcpy(line + *kept, bytes, part);
			*kept += part;
			if (complete) {
				put_entry(stream, flags, time, line, *kept);
				*kept = 0;
			}
		}
		bytes += part + (end != NULL);
		length -= part + (end != NULL);
	}
}

void log_end(int stream)
{
	uint32_t *kept = &held[stream - 1].length;
	if (out.fd >= 0 && *kept)
		put_entry(stream, FLAG_PARTIAL, now_ns(), held[stream - 1].line, *kept);
	if (out.fd >= 0)
		log_flush();
	*kept = 0;
}

const char *log_open_line(int stream, uint32_t *length)
{
	*length = held[stream - 1].length;
	return held[stream - 1].line;
}

/*
 * Many small files in one call. Trees of ten thousand files are looked at, read and copied by the same few system calls for
 * each: the way into the kernel through JavaScript would cost more than they do.
 *
 * The files of one folder are a list of records, one behind the other, as listFiles makes it. Every call puts what became
 * of each file into its record; none throws for one. What runs in parallel is joined before a call returns.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "addon.h"

/* As src/host/files/file-list.ts reads it. */
struct record {
  uint32_t length; /* of the record, a multiple of 8 */
  int32_t status;  /* 0, 1: the file that was read has extended attributes, or -errno */
  uint32_t mode, nlink, uid, gid, dev_major, dev_minor, rdev_major, rdev_minor, mtime_ns, ctime_ns;
  uint64_t ino, size;
  int64_t mtime, ctime;
  char name[];
};

enum { ENTRIES_BYTES = 32 << 10, LIST_BYTES = 256 << 10, SMALL_BYTES = 64 << 10, MAX_THREADS = 4, MAX_FOLDERS = 128 };
/* Files for which one thread is enough: to look at, where a thread costs as much as two dozen of them, and to read or copy. */
enum { FEW_LOOKED_AT = 512, FEW = 32 };

struct batch {
  int from;
  char *records, *end, *contents;
  size_t head, block; /* of a content: what stays free in front, and of what its end is made a multiple */
  void (*work)(const struct batch *, struct record *, size_t offset);
  int parts;
};

struct part {
  const struct batch *batch;
  int number;
};

static size_t room_of(const struct batch *batch, const struct record *record) {
  return batch->head + (record->size + batch->block - 1) / batch->block * batch->block;
}

/* Every record whose turn is this part's. `offset`: where the room of its content lies when those of all are behind one another. */
static void *run_part(void *argument) {
  const struct part *part = argument;
  const struct batch *batch = part->batch;
  size_t offset = 0;
  int turn = 0;
  for (char *at = batch->records; at < batch->end; turn++) {
    struct record *record = (struct record *)at;
    at += record->length;
    /* Without contents there is no offset, and the size is what another part may be writing. */
    size_t size = batch->contents == NULL ? 0 : room_of(batch, record);
    if (turn % batch->parts == part->number) batch->work(batch, record, offset);
    offset += size;
  }
  return NULL;
}

static int processors(void) {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return count < MAX_THREADS ? count : MAX_THREADS;
}

/* Run `work` as often at once; each has an argument `size` bytes behind that of the one before. */
static void run_threads(int count, void *(*work)(void *), void *arguments, size_t size) {
  pthread_t threads[MAX_THREADS];
  bool started[MAX_THREADS] = {false};
  for (int i = 1; i < count; i++) started[i] = start_thread(&threads[i], work, (char *)arguments + (size_t)i * size) == 0;
  for (int i = 0; i < count; i++)
    if (!started[i]) work((char *)arguments + (size_t)i * size);
  for (int i = 0; i < count; i++)
    if (started[i]) pthread_join(threads[i], NULL);
}

static void run_batch(struct batch *batch, int count, int few) {
  struct part parts[MAX_THREADS];
  batch->parts = count < few ? 1 : processors();
  for (int i = 0; i < batch->parts; i++) parts[i] = (struct part){batch, i};
  run_threads(batch->parts, run_part, parts, sizeof *parts);
}

/* Count the records and check that they are such; -1 for anything else. */
static int count_records(const char *at, size_t length) {
  int count = 0;
  for (size_t left = length; left > 0; count++) {
    const struct record *record = (const struct record *)(at + length - left);
    if (left < sizeof *record || record->length < sizeof *record + 8 || record->length % 8 != 0 || record->length > left ||
        record->size > SIZE_MAX / 2 || memchr(record->name, 0, record->length - sizeof *record) == NULL ||
        strchr(record->name, '/') != NULL)
      return -1;
    left -= record->length;
  }
  return count;
}

/* ── listFiles, listFolders ──────────────────────────────────────────────────────────────────────────────────────── */

/* Until it was looked at, a record's status is the descriptor of its folder. */
static void look(const struct batch *batch, struct record *record, size_t offset) {
  struct statx st;
  (void)batch, (void)offset;
  int failed = statx(record->status, record->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);
  record->status = failed ? -errno : 0;
  if (failed) return;
  record->mode = st.stx_mode;
  record->nlink = st.stx_nlink;
  record->uid = st.stx_uid;
  record->gid = st.stx_gid;
  record->dev_major = st.stx_dev_major;
  record->dev_minor = st.stx_dev_minor;
  record->rdev_major = st.stx_rdev_major;
  record->rdev_minor = st.stx_rdev_minor;
  record->mtime_ns = st.stx_mtime.tv_nsec;
  record->ctime_ns = st.stx_ctime.tv_nsec;
  record->ino = st.stx_ino;
  record->size = st.stx_size;
  record->mtime = st.stx_mtime.tv_sec;
  record->ctime = st.stx_ctime.tv_sec;
}

static bool is_dot(const char *name) {
  return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

/* The next names of a folder as records. Bytes, 0 at the end, or -errno. */
static long next_names(int folder, char *into, int *count) {
  char entries[ENTRIES_BYTES];
  long used = 0;
  while (used == 0) {
    long filled = syscall(SYS_getdents64, folder, entries, sizeof entries);
    if (filled <= 0) return filled < 0 ? -errno : 0;
    for (long at = 0; at < filled;) {
      const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
      at += entry->d_reclen;
      if (is_dot(entry->d_name)) continue;
      size_t name = strlen(entry->d_name) + 1, length = (sizeof(struct record) + name + 7) & ~(size_t)7;
      struct record *record = memset(into + used, 0, length);
      record->length = (uint32_t)length;
      record->status = folder;
      memcpy(record->name, entry->d_name, name);
      used += (long)length;
      (*count)++;
    }
  }
  return used;
}

/* All names of a folder. Bytes, or -errno: ENOBUFS when there is no room for them, and the folder is at its start again. */
static long all_names(int folder, char *into, size_t room, int *count) {
  for (size_t used = 0;;) {
    if (room - used < LIST_BYTES) return lseek(folder, 0, SEEK_SET) < 0 ? -errno : -ENOBUFS;
    long filled = next_names(folder, into + used, count);
    if (filled <= 0) return filled < 0 ? filled : (long)used;
    used += (size_t)filled;
  }
}

static void look_at(char *records, size_t length, int count) {
  struct batch batch = {.records = records, .end = records + length, .work = look};
  run_batch(&batch, count, FEW_LOOKED_AT);
}

/* listFiles(folder, into): names and statx(2) of what a folder holds next, in the kernel's order. */
napi_value list_files(napi_env env, napi_callback_info info) {
  size_t room;
  void *into;
  int folder, records = 0;
  if (!take_arguments(env, info, "ib", &folder, &into, &room) || room < LIST_BYTES) return wrong_type(env, "listFiles");
  long used = next_names(folder, into, &records);
  if (used > 0) look_at(into, (size_t)used, records);
  return number_value(env, used);
}

/*
 * listFolders(folders, into, ends): all of each folder, one behind the other, for as many folders as there is room, and where
 * each one's records end. Both are arrays of int32_t. The number of folders; -errno when that is none.
 */
napi_value list_folders(napi_env env, napi_callback_info info) {
  size_t fds_size, room, ends_size, used = 0;
  void *fds, *into, *ends;
  if (!take_arguments(env, info, "bbb", &fds, &fds_size, &into, &room, &ends, &ends_size) || ends_size < fds_size)
    return wrong_type(env, "listFolders");
  int folders = 0, records = 0;
  long filled = 0;
  for (; folders < (int)(fds_size / sizeof(int32_t)); folders++) {
    int before = records;
    filled = all_names(((const int32_t *)fds)[folders], (char *)into + used, room - used, &records);
    if (filled < 0) {
      records = before;
      break;
    }
    used += (size_t)filled;
    ((int32_t *)ends)[folders] = (int32_t)used;
  }
  if (used > 0) look_at(into, used, records);
  return number_value(env, folders == 0 && filled < 0 ? filled : folders);
}

/* ── readFiles ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A file's content, which has to be as long as its record says: ESTALE when it has changed. 1 for one with attributes. */
static int read_small(int folder, const struct record *record, char *into, bool asks_for_attributes) {
  int fd = openat(folder, record->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t filled = 0;
  int result = 0;
  while (filled < record->size) {
    ssize_t got = TEMP_FAILURE_RETRY(read(fd, into + filled, record->size - filled));
    if (got < 0) result = -errno;
    if (got <= 0) break;
    filled += (size_t)got;
  }
  if (result == 0 && filled < record->size) result = -ESTALE;
  if (result == 0 && asks_for_attributes && flistxattr(fd, NULL, 0) > 0) result = 1;
  close(fd);
  return result;
}

static void take(const struct batch *batch, struct record *record, size_t offset) {
  char *content = memset(batch->contents + offset, 0, batch->head) + batch->head;
  record->status = read_small(batch->from, record, content, true);
  memset(content + record->size, 0, room_of(batch, record) - batch->head - record->size);
}

/* readFiles(folder, records, contents, head, block): the contents of all, one behind the other, each in its room. */
napi_value read_files(napi_env env, napi_callback_info info) {
  size_t length, room, total = 0;
  struct batch batch = {.work = take};
  void *records, *contents;
  int files;
  uint32_t head, block;
  if (!take_arguments(env, info, "ibbuu", &batch.from, &records, &length, &contents, &room, &head, &block) || block == 0 ||
      (files = count_records(records, length)) < 0)
    return wrong_type(env, "readFiles");
  batch.head = head;
  batch.block = block;
  batch.records = records;
  batch.end = batch.records + length;
  batch.contents = contents;
  for (char *at = batch.records; at < batch.end; at += ((struct record *)at)->length) {
    size_t size = room_of(&batch, (struct record *)at);
    if (size > room - total) return wrong_type(env, "readFiles");
    total += size;
  }
  run_batch(&batch, files, FEW);
  return number_value(env, 0);
}

/* ── copyFiles ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Give a new file what its record says. */
static int fill(int fd, const struct record *record, const char *content) {
  struct timespec times[2];
  for (size_t done = 0; done < record->size;) {
    ssize_t put = TEMP_FAILURE_RETRY(write(fd, content + done, record->size - done));
    if (put < 0) return -errno;
    done += (size_t)put;
  }
  times[0] = times[1] = (struct timespec){.tv_sec = record->mtime, .tv_nsec = record->mtime_ns};
  if (fchown(fd, record->uid, record->gid) != 0) return -errno;
  if ((record->mode & 07000) != 0 && fchmod(fd, record->mode & 07777) != 0) return -errno;
  return futimens(fd, times) != 0 ? -errno : 0;
}

/* Records of one folder, and where the copies go. As src/host/files/file-list.ts writes it. */
struct folder_copy {
  int32_t from, to;
  uint32_t length; /* of its records */
};

struct copies {
  const struct folder_copy *folders;
  char **records; /* of each */
  int count;
  atomic_int next;
};

static int copy(const struct folder_copy *folder, const struct record *record) {
  char content[SMALL_BYTES];
  if (record->size > sizeof content) return -EFBIG;
  int status = read_small(folder->from, record, content, false);
  if (status < 0) return status;
  int fd = openat(folder->to, record->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, record->mode & 0777);
  if (fd < 0) return -errno;
  status = fill(fd, record, content);
  close(fd);
  if (status != 0) unlinkat(folder->to, record->name, 0);
  return status;
}

/* A folder at a time: threads that make files in the same one would wait for each other. */
static void *copy_folders(void *argument) {
  struct copies *copies = argument;
  for (int i; (i = atomic_fetch_add(&copies->next, 1)) < copies->count;) {
    char *end = copies->records[i] + copies->folders[i].length;
    for (char *at = copies->records[i]; at < end;) {
      struct record *record = (struct record *)at;
      at += record->length;
      record->status = copy(&copies->folders[i], record);
    }
  }
  return NULL;
}

/* Where each folder's records begin, and the number of all; -1 when they are not what is there. */
static int find_records(struct copies *copies, char *records, size_t length) {
  int files = 0;
  for (int i = 0; i < copies->count; i++) {
    size_t own = copies->folders[i].length;
    int count = own > length ? -1 : count_records(records, own);
    if (count < 0) return -1;
    copies->records[i] = records;
    records += own;
    length -= own;
    files += count;
  }
  return length == 0 ? files : -1;
}

/*
 * copyFiles(folders, records): regular files of up to 64 KiB into folders that have nothing of their names, with owners,
 * modes and times of modification as the records say. The umask should be 0. Of a file that failed nothing is left.
 */
napi_value copy_files(napi_env env, napi_callback_info info) {
  size_t folders_size, length;
  struct copies copies = {0};
  void *folders, *records;
  char *begins[MAX_FOLDERS];
  if (!take_arguments(env, info, "bb", &folders, &folders_size, &records, &length) ||
      folders_size > MAX_FOLDERS * sizeof *copies.folders)
    return wrong_type(env, "copyFiles");
  copies.folders = folders;
  copies.records = begins;
  copies.count = (int)(folders_size / sizeof *copies.folders);
  int files = find_records(&copies, records, length);
  if (files < 0) return wrong_type(env, "copyFiles");
  run_threads(copies.count < 2 || files < FEW ? 1 : processors(), copy_folders, &copies, 0);
  return number_value(env, 0);
}

/*
 * Operations on files, in order, by a thread beside JavaScript's: for those that the kernel takes long for, like a control group in
 * each of a dozen hierarchies, and whose end another process waits for. It is told by the thread itself, since JavaScript's
 * may be at something else then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "addon.h"

enum { MKDIR = 'd', WRITE = 'w', COPY = 'c', MAX_COPY = 4096, ERRNO_BITS = 12 };

/* Each operation is its letter and two strings, each with its 0: `path` and what the operation has beside it. */
struct errand {
  uint32_t token;
  int announce_to; /* a descriptor of the caller's, -1: nobody is told */
  char word;
  size_t length;
  char operations[];
};

struct runner {
  struct background beside;
  int errands[2]; /* a pipe of pointers */
  pthread_t thread;
};

/* The file that was written last stays open: device rules are many, and all for two files. */
struct written {
  int fd;
  const char *path;
};

static void close_written(struct written *file) {
  if (file->fd >= 0) close(file->fd);
  *file = (struct written){-1, ""};
}

static int write_file(struct written *file, const char *path, const char *bytes, size_t length) {
  if (file->fd < 0 || strcmp(file->path, path) != 0) {
    close_written(file);
    *file = (struct written){open(path, O_WRONLY | O_CLOEXEC), path};
    if (file->fd < 0) return errno;
  }
  return TEMP_FAILURE_RETRY(write(file->fd, bytes, length)) < 0 ? errno : 0;
}

/* ENODATA of a file that has nothing to copy. */
static int copy_file(struct written *file, const char *from, const char *to) {
  char bytes[MAX_COPY];
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  ssize_t length = TEMP_FAILURE_RETRY(read(fd, bytes, sizeof bytes));
  int error = length < 0 ? errno : 0;
  close(fd);
  if (error != 0) return error;
  if (length == sizeof bytes) return EFBIG;
  if (length == 0 || bytes[0] == '\n') return ENODATA;
  return write_file(file, to, bytes, (size_t)length);
}

static int operate(struct written *file, char kind, const char *path, const char *value) {
  if (kind == MKDIR) return mkdir(path, (mode_t)strtoul(value, NULL, 8)) == 0 ? 0 : errno;
  if (kind == WRITE) return write_file(file, path, value, strlen(value));
  return kind == COPY ? copy_file(file, path, value) : EINVAL;
}

/* Up to the first that fails: its errno, and above it how many were done before. */
static uint32_t run_operations(const struct errand *errand) {
  struct written file = {-1, ""};
  const char *at = errand->operations, *end = at + errand->length;
  uint32_t done = 0;
  int error = 0;
  for (; at < end; done++) {
    const char *path = at + 1, *value = path + strlen(path) + 1;
    error = operate(&file, *at, path, value);
    if (error != 0) break;
    at = value + strlen(value) + 1;
  }
  close_written(&file);
  return done << ERRNO_BITS | (uint32_t)error;
}

static void *run_thread(void *argument) {
  struct runner *runner = argument;
  struct pollfd ready[2] = {{.fd = runner->beside.stop, .events = POLLIN}, {.fd = runner->errands[0], .events = POLLIN}};
  struct sched_param none = {0};
  /* Woken by an errand it takes no processor from who gave it, and has other things to do meanwhile: sched(7), SCHED_BATCH. */
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
  for (;;) {
    struct errand *errand;
    if (poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return NULL;
    }
    if (ready[0].revents != 0) return NULL;
    if (read(runner->errands[0], &errand, sizeof errand) != sizeof errand) continue;
    uint32_t result = run_operations(errand);
    /* Who has gone meanwhile needs no word. */
    bool announces = (result & ((1u << ERRNO_BITS) - 1)) == 0 && errand->announce_to >= 0;
    if (announces && write(errand->announce_to, &errand->word, 1) < 0) {}
    uint64_t packed = (uint64_t)errand->token << 32 | result;
    free(errand);
    napi_call_threadsafe_function(runner->beside.deliver, (void *)(uintptr_t)packed, napi_tsfn_nonblocking);
  }
}

static void end_runner(void *argument) {
  struct runner *runner = argument;
  struct errand *errand;
  pthread_join(runner->thread, NULL);
  close(runner->errands[1]);
  while (read(runner->errands[0], &errand, sizeof errand) == sizeof errand) free(errand);
  close(runner->errands[0]);
}

/* startRunner(callback): callback(token, result) tells of the end of each errand as run_operations does. */
napi_value start_runner(napi_env env, napi_callback_info info) {
  napi_value callback;
  if (!take_arguments(env, info, "v", &callback)) return wrong_type(env, "startRunner");
  struct runner *runner = open_background(env, sizeof *runner, callback, 0, deliver_pair);
  if (runner == NULL) return NULL;
  bool has_pipe = pipe2(runner->errands, O_CLOEXEC) == 0;
  bool started = runner->beside.stop >= 0 && has_pipe && start_thread(&runner->thread, run_thread, runner) == 0;
  for (int i = 0; i < 2 && has_pipe && !started; i++) close(runner->errands[i]);
  return run_background(env, runner, started, end_runner);
}

/* A letter and two strings each, and nothing behind the last. */
static bool are_operations(const char *at, size_t length) {
  const char *end = at + length;
  while (at < end) {
    const char *path = at + 1, *value = path < end ? memchr(path, 0, (size_t)(end - path)) : NULL;
    const char *last = value == NULL ? NULL : memchr(value + 1, 0, (size_t)(end - value - 1));
    if (last == NULL) return false;
    at = last + 1;
  }
  return true;
}

/* Not on this thread's processor, which has something else to do: see run-elsewhere.ts. */
static void keep_off(pthread_t thread) {
  cpu_set_t others;
  int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(0, sizeof others, &others) < 0) return;
  CPU_CLR(here, &others);
  if (CPU_COUNT(&others) > 0) (void)pthread_setaffinity_np(thread, sizeof others, &others);
}

/* runOperations(handle, token, operations, announceTo, word): the word goes to the descriptor after all are done. 0 or -errno. */
napi_value run_operations_beside(napi_env env, napi_callback_info info) {
  struct runner *runner;
  uint32_t token, word;
  int announce_to;
  void *operations;
  size_t length;
  if (!take_arguments(env, info, "xubiu", &runner, &token, &operations, &length, &announce_to, &word) ||
      !are_operations(operations, length))
    return wrong_type(env, "runOperations");
  struct errand *errand = runner->beside.stopped ? NULL : malloc(sizeof *errand + length);
  if (errand == NULL) return number_value(env, -ENOMEM);
  keep_off(runner->thread);
  *errand = (struct errand){.token = token, .announce_to = announce_to, .word = (char)word, .length = length};
  memcpy(errand->operations, operations, length);
  if (write(runner->errands[1], &errand, sizeof errand) == sizeof errand) return number_value(env, 0);
  int error = errno;
  free(errand);
  return number_value(env, -error);
}

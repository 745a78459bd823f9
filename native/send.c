/*
 * Files to sockets by a few threads, so that many large transfers share the processors with their receivers evenly.
 *
 * Each thread waits on an epoll descriptor for sockets with room and gives each a piece in turn, so that no receiver waits
 * long for its next one. Bytes are copied (pread(2), send(2)): they are in the processor's cache when the receiver gets them,
 * and lie together. With sendfile(2) sender and receiver took more time together, nearly all of it the receiver's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "addon.h"

enum { MAX_THREADS = 8, PIECE = 512 << 10 };

/* The descriptors are the caller's; it must keep them until it is told of the end. */
struct transfer {
  uint32_t token;
  int socket, file;
  off_t at, end;
  size_t head_length, head_at;
  char head[];
};

struct worker {
  int epoll;
  char *buffer; /* of one piece */
  pthread_t thread;
  struct sender *sender;
};

struct sender {
  int stop; /* an eventfd that every thread watches */
  uint32_t threads, next;
  bool stopped;
  struct worker workers[MAX_THREADS];
  napi_threadsafe_function deliver;
};

/* One piece. 0: there is more for when the socket has room; 1: that was all; -errno. */
static int turn(struct transfer *t, char *buffer) {
  ssize_t sent;
  if (t->head_at < t->head_length) {
    sent = send(t->socket, t->head + t->head_at, t->head_length - t->head_at, MSG_NOSIGNAL | MSG_MORE);
    if (sent > 0) t->head_at += (size_t)sent;
  } else {
    off_t rest = t->end - t->at;
    ssize_t count = pread(t->file, buffer, rest < PIECE ? (size_t)rest : PIECE, t->at);
    if (count < 0) return -errno;
    if (count == 0) return -EIO; /* the file is shorter than it was */
    sent = send(t->socket, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent > 0) t->at += sent;
  }
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return -errno;
  return t->at == t->end && t->head_at == t->head_length;
}

static void *send_thread(void *argument) {
  struct worker *worker = argument;
  struct epoll_event events[64];
  for (;;) {
    int count = epoll_wait(worker->epoll, events, 64, -1);
    if (count < 0 && errno != EINTR) return NULL;
    for (int i = 0; i < count; i++) {
      struct transfer *t = events[i].data.ptr;
      if (t == NULL) return NULL;
      int result = turn(t, worker->buffer);
      if (result == 0) continue;
      epoll_ctl(worker->epoll, EPOLL_CTL_DEL, t->socket, NULL);
      uint64_t packed = (uint64_t)t->token << 32 | (uint32_t)(result < 0 ? -result : 0);
      free(t);
      napi_call_threadsafe_function(worker->sender->deliver, (void *)(uintptr_t)packed, napi_tsfn_nonblocking);
    }
  }
}

static void halt_sender(void *argument) {
  struct sender *sender = argument;
  uint64_t one = 1;
  if (sender->stopped) return;
  sender->stopped = true;
  if (write(sender->stop, &one, sizeof one) == sizeof one)
    for (uint32_t i = 0; i < sender->threads; i++) pthread_join(sender->workers[i].thread, NULL);
  for (uint32_t i = 0; i < sender->threads; i++) {
    close(sender->workers[i].epoll);
    free(sender->workers[i].buffer);
  }
  close(sender->stop);
  napi_release_threadsafe_function(sender->deliver, napi_tsfn_abort);
}

static void free_sender(napi_env env, void *data, void *hint) {
  (void)hint;
  struct sender *sender = data;
  if (!sender->stopped) napi_remove_env_cleanup_hook(env, halt_sender, sender);
  halt_sender(sender);
  free(sender);
}

/* Fewer threads than wanted are enough, none is not. */
static bool start_threads(struct sender *sender, uint32_t wanted) {
  sigset_t all, before;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the runtime ever runs there, nor does SIGPIPE end it */
  while (sender->stop >= 0 && sender->threads < wanted) {
    struct worker *worker = &sender->workers[sender->threads];
    *worker = (struct worker){.epoll = epoll_create1(EPOLL_CLOEXEC), .buffer = aligned_alloc(4096, PIECE), .sender = sender};
    if (worker->epoll < 0 || worker->buffer == NULL || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, sender->stop, &event) != 0 ||
        pthread_create(&worker->thread, NULL, send_thread, worker) != 0) {
      if (worker->epoll >= 0) close(worker->epoll);
      free(worker->buffer);
      break;
    }
    sender->threads++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return sender->threads > 0;
}

/* startSender(threads, callback): callback(token, errno) tells of the end of each transfer, 0 when all of it is sent. */
napi_value start_sender(napi_env env, napi_callback_info info) {
  size_t count = 2;
  uint32_t wanted = 0;
  napi_value values[2], name, handle;
  struct sender *sender = calloc(1, sizeof *sender);
  if (sender == NULL || napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_uint32(env, values[0], &wanted) != napi_ok || wanted < 1 ||
      napi_create_string_utf8(env, "berth sender", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, values[1], NULL, name, 0, 1, NULL, NULL, sender, deliver_pair,
                                      &sender->deliver) != napi_ok) {
    free(sender);
    return wrong_type(env, "startSender");
  }
  napi_unref_threadsafe_function(env, sender->deliver);
  sender->stop = eventfd(0, EFD_CLOEXEC);
  if (!start_threads(sender, wanted < MAX_THREADS ? wanted : MAX_THREADS)) {
    if (sender->stop >= 0) close(sender->stop);
    napi_release_threadsafe_function(sender->deliver, napi_tsfn_abort);
    free(sender);
    napi_throw_error(env, NULL, "cannot start the sending threads");
    return NULL;
  }
  napi_add_env_cleanup_hook(env, halt_sender, sender);
  return napi_create_external(env, sender, free_sender, NULL, &handle) == napi_ok ? handle : NULL;
}

/* sendFile(handle, token, socket, file, start, end, head): head, then the file from start up to end. 0 or -errno. */
napi_value send_file(napi_env env, napi_callback_info info) {
  size_t count = 7, length;
  napi_value values[7];
  void *data, *head;
  struct transfer t = {0};
  int64_t start, end;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 7 ||
      napi_get_value_external(env, values[0], &data) != napi_ok ||
      napi_get_value_uint32(env, values[1], &t.token) != napi_ok ||
      napi_get_value_int32(env, values[2], &t.socket) != napi_ok ||
      napi_get_value_int32(env, values[3], &t.file) != napi_ok || napi_get_value_int64(env, values[4], &start) != napi_ok ||
      napi_get_value_int64(env, values[5], &end) != napi_ok || start < 0 || end <= start ||
      !bytes_of(env, values[6], &head, &length))
    return wrong_type(env, "sendFile");
  struct sender *sender = data;
  struct transfer *transfer = sender->stopped ? NULL : malloc(sizeof *transfer + length);
  if (transfer == NULL) return number_value(env, -ENOMEM);
  *transfer = t;
  transfer->at = start;
  transfer->end = end;
  transfer->head_length = length;
  memcpy(transfer->head, head, length);
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = transfer};
  int epoll = sender->workers[sender->next++ % sender->threads].epoll;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, t.socket, &event) == 0) return number_value(env, 0);
  int error = errno;
  free(transfer);
  return number_value(env, -error);
}

/*
 * Files to sockets by a few threads, so that many large transfers share the processors with their receivers evenly.
 *
 * Each thread waits on an epoll descriptor for sockets with room and gives each a piece in turn, so that no receiver waits
 * long for its next one. Bytes are copied (pread(2), send(2)): they are in the processor's cache when the receiver gets them,
 * and lie together. With sendfile(2) sender and receiver took more time together, nearly all of it the receiver's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
  struct background beside;
  uint32_t threads, next;
  struct worker workers[MAX_THREADS];
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
      napi_call_threadsafe_function(worker->sender->beside.deliver, (void *)(uintptr_t)packed, napi_tsfn_nonblocking);
    }
  }
}

static void end_sender(void *argument) {
  struct sender *sender = argument;
  for (uint32_t i = 0; i < sender->threads; i++) {
    pthread_join(sender->workers[i].thread, NULL);
    close(sender->workers[i].epoll);
    free(sender->workers[i].buffer);
  }
}

/* Fewer threads than wanted are enough, none is not. */
static bool start_threads(struct sender *sender, uint32_t wanted) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  while (sender->beside.stop >= 0 && sender->threads < wanted) {
    struct worker *worker = &sender->workers[sender->threads];
    *worker = (struct worker){.epoll = epoll_create1(EPOLL_CLOEXEC), .buffer = aligned_alloc(4096, PIECE), .sender = sender};
    if (worker->epoll < 0 || worker->buffer == NULL || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, sender->beside.stop, &event) != 0 ||
        start_thread(&worker->thread, send_thread, worker) != 0) {
      if (worker->epoll >= 0) close(worker->epoll);
      free(worker->buffer);
      break;
    }
    sender->threads++;
  }
  return sender->threads > 0;
}

/* startSender(threads, callback): callback(token, errno) tells of the end of each transfer, 0 when all of it is sent. */
napi_value start_sender(napi_env env, napi_callback_info info) {
  uint32_t wanted;
  napi_value callback;
  if (!take_arguments(env, info, "uv", &wanted, &callback)) return wrong_type(env, "startSender");
  struct sender *sender = open_background(env, sizeof *sender, callback, 0, deliver_pair);
  if (sender == NULL) return NULL;
  bool started = start_threads(sender, wanted < MAX_THREADS ? wanted : MAX_THREADS);
  return run_background(env, sender, started, end_sender);
}

/* sendFile(handle, token, socket, file, start, end, head): head, then the file from start up to end. 0 or -errno. */
napi_value send_file(napi_env env, napi_callback_info info) {
  size_t length;
  void *head;
  struct sender *sender;
  struct transfer t = {0};
  int64_t start, end;
  if (!take_arguments(env, info, "xuiillb", &sender, &t.token, &t.socket, &t.file, &start, &end, &head, &length) || start < 0 ||
      end <= start)
    return wrong_type(env, "sendFile");
  struct transfer *transfer = sender->beside.stopped ? NULL : malloc(sizeof *transfer + length);
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

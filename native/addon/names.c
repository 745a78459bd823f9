/*
 * Answers to questions for names (RFC 1035) by a thread of its own: who asks for a neighbour does not wait for what the
 * JavaScript thread is at. It knows nothing of names. TypeScript fills a table, (zone, question) -> records, and says which
 * zones a socket's questions are looked up in, in which order; what is not found is handed to TypeScript.
 *
 *   question = name in lower case, type, class, as in a message
 *   records  = as many as there are, of one length, each with a pointer to the question in place of its name
 *
 * One lock holds for a datagram, or for a change of the table: a socket is never read after the call that ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "addon.h"

enum {
  HEADER = 12,
  MAX_NAME = 255,
  MAX_LABEL = 63,
  MAX_QUESTION = MAX_NAME + 4,
  OPT = 11,         /* RFC 6891, without options */
  TYPE_OPT = 41,
  PLAIN = 512,      /* what every client takes */
  MAX_ANSWER = 4096,
  MAX_DATAGRAM = 65535,
  AT_ONCE = 64,     /* datagrams of one socket before the next has its turn */
  MAX_HANDED = 1024 /* questions that wait for the JavaScript thread; more are lost */
};

struct entry {
  struct entry *next;
  uint32_t zone, hash, turn;
  uint32_t question_length, record_length, records_length; /* record_length 0: for TypeScript to answer */
  uint8_t bytes[];                                         /* the question, the records */
};

struct server {
  struct server *next;
  uint32_t token;
  int fd;
  bool ended;
  size_t zone_count;
  uint32_t *zones;
};

struct responder {
  struct background beside;
  int epoll;
  pthread_t thread;
  pthread_mutex_t lock;
  struct server *servers, *ended; /* the thread frees those that ended: it may have heard of them already */
  struct entry **buckets;
  size_t bucket_count, entry_count; /* a power of two */
  double rate, burst, left;         /* datagrams; how many may be looked at now */
  struct timespec counted;
  uint8_t datagram[MAX_DATAGRAM];
};

struct handed {
  uint32_t token;
  struct sockaddr_in from;
  size_t length;
  uint8_t bytes[];
};

/* ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────── */

/* FNV-1a. */
static uint32_t hash_of(uint32_t zone, const uint8_t *question, size_t length) {
  uint32_t hash = (2166136261u ^ zone) * 16777619u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ question[i]) * 16777619u;
  return hash;
}

/* Where the entry is, or NULL would be changed to it. */
static struct entry **place_of(struct responder *r, uint32_t zone, const uint8_t *question, size_t length) {
  uint32_t hash = hash_of(zone, question, length);
  struct entry **at = &r->buckets[hash & (r->bucket_count - 1)];
  while (*at != NULL && ((*at)->hash != hash || (*at)->zone != zone || (*at)->question_length != length ||
                         memcmp((*at)->bytes, question, length) != 0))
    at = &(*at)->next;
  return at;
}

/* Twice the room. Without memory for it the table goes on as it is. */
static void grow(struct responder *r) {
  size_t count = r->bucket_count * 2;
  struct entry **buckets = calloc(count, sizeof *buckets);
  if (buckets == NULL) return;
  for (size_t i = 0; i < r->bucket_count; i++)
    for (struct entry *entry = r->buckets[i], *next; entry != NULL; entry = next) {
      next = entry->next;
      entry->next = buckets[entry->hash & (count - 1)];
      buckets[entry->hash & (count - 1)] = entry;
    }
  free(r->buckets);
  r->buckets = buckets;
  r->bucket_count = count;
}

/* ── one question ────────────────────────────────────────────────────────────────────────────────────────────────── */

struct question {
  uint8_t bytes[MAX_QUESTION]; /* in lower case */
  size_t length, limit;        /* of the question; of the answer */
  bool edns;
};

static uint16_t u16_at(const uint8_t *bytes) {
  return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* True for the plain form that nearly all have: one question, nothing else but an OPT record, and not a byte behind. */
static bool read_question(const uint8_t *message, size_t length, struct question *q) {
  if (length < HEADER || (message[2] & 0xf8) != 0 || u16_at(message + 4) != 1) return false;
  if (u16_at(message + 6) != 0 || u16_at(message + 8) != 0 || u16_at(message + 10) > 1) return false;
  size_t at = HEADER;
  q->length = 0;
  for (;;) {
    if (at >= length || message[at] > MAX_LABEL) return false;
    size_t label = message[at];
    if (q->length + 1 + label > MAX_NAME || at + 1 + label > length) return false;
    q->bytes[q->length++] = message[at++];
    if (label == 0) break;
    for (size_t i = 0; i < label; i++, at++)
      q->bytes[q->length++] = (uint8_t)(message[at] >= 'A' && message[at] <= 'Z' ? message[at] | 0x20 : message[at]);
  }
  if (at + 4 > length) return false;
  memcpy(q->bytes + q->length, message + at, 4);
  q->length += 4;
  at += 4;
  q->limit = PLAIN;
  q->edns = u16_at(message + 10) == 1;
  if (!q->edns) return at == length;
  /* root, type, largest datagram, upper bits of the code, version 0, flags, options */
  const uint8_t *opt = message + at;
  if (at + OPT > length || opt[0] != 0 || u16_at(opt + 1) != TYPE_OPT || opt[6] != 0) return false;
  if (u16_at(opt + 3) > q->limit) q->limit = u16_at(opt + 3) < MAX_ANSWER ? u16_at(opt + 3) : MAX_ANSWER;
  return at + OPT + u16_at(opt + 9) == length;
}

/* The answer's length; 0 when it is not for this table to give. Of several records each is the first in turn. */
static size_t answer_to(struct responder *r, const struct server *server, const uint8_t *message, size_t length,
                        uint8_t answer[MAX_ANSWER]) {
  struct question q;
  if (!read_question(message, length, &q)) return 0;
  struct entry *entry = NULL;
  for (size_t i = 0; i < server->zone_count && entry == NULL; i++)
    entry = *place_of(r, server->zones[i], q.bytes, q.length);
  if (entry == NULL || entry->record_length == 0) return 0;
  size_t size = HEADER + q.length + entry->records_length + (q.edns ? OPT : 0);
  if (size > q.limit) return 0;
  uint32_t count = entry->records_length / entry->record_length;
  memset(answer, 0, HEADER);
  memcpy(answer, message, 2);
  answer[2] = (uint8_t)(0x80 | (message[2] & 1)); /* an answer, recursion as it was desired */
  answer[3] = 0x80;                               /* recursion is available */
  answer[5] = 1;
  answer[6] = (uint8_t)(count >> 8);
  answer[7] = (uint8_t)count;
  answer[11] = q.edns;
  uint8_t *at = answer + HEADER;
  memcpy(at, message + HEADER, q.length); /* in the case it was asked in */
  at += q.length;
  size_t first = count > 1 ? entry->turn++ % count * entry->record_length : 0;
  const uint8_t *records = entry->bytes + entry->question_length;
  memcpy(at, records + first, entry->records_length - first);
  memcpy(at + entry->records_length - first, records, first);
  at += entry->records_length;
  if (q.edns) memcpy(at, (uint8_t[OPT]){0, 0, TYPE_OPT, MAX_ANSWER >> 8, MAX_ANSWER & 0xff}, OPT);
  return size;
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A token bucket: false for a datagram too many. */
static bool allowed(struct responder *r) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double seconds = (double)(now.tv_sec - r->counted.tv_sec) + (double)(now.tv_nsec - r->counted.tv_nsec) / 1e9;
  r->counted = now;
  r->left = r->left + seconds * r->rate < r->burst ? r->left + seconds * r->rate : r->burst;
  if (r->left < 1) return false;
  r->left -= 1;
  return true;
}

static void hand_over(struct responder *r, uint32_t token, const struct sockaddr_in *from, size_t length) {
  struct handed *handed = malloc(sizeof *handed + length);
  if (handed == NULL) return;
  *handed = (struct handed){.token = token, .from = *from, .length = length};
  memcpy(handed->bytes, r->datagram, length);
  if (napi_call_threadsafe_function(r->beside.deliver, handed, napi_tsfn_nonblocking) != napi_ok) free(handed);
}

/* False when there was no datagram. An answer that cannot be sent is lost, as any datagram may be. */
static bool take_one(struct responder *r, struct server *server) {
  struct sockaddr_in from = {0};
  socklen_t from_length = sizeof from;
  uint8_t answer[MAX_ANSWER];
  ssize_t length = recvfrom(server->fd, r->datagram, MAX_DATAGRAM, MSG_DONTWAIT, (struct sockaddr *)&from, &from_length);
  if (length < 0) return false;
  if (!allowed(r)) return true;
  size_t size = answer_to(r, server, r->datagram, (size_t)length, answer);
  if (size == 0) hand_over(r, server->token, &from, (size_t)length);
  else sendto(server->fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&from, from_length);
  return true;
}

static void free_servers(struct server **list) {
  for (struct server *server = *list, *next; server != NULL; server = next) {
    next = server->next;
    free(server->zones);
    free(server);
  }
  *list = NULL;
}

static void *respond_thread(void *argument) {
  struct responder *r = argument;
  struct epoll_event events[64];
  for (;;) {
    int count = epoll_wait(r->epoll, events, 64, -1);
    if (count < 0 && errno != EINTR) return NULL;
    for (int i = 0; i < count; i++) {
      struct server *server = events[i].data.ptr;
      if (server == NULL) return NULL;
      bool more = true;
      for (int taken = 0; taken < AT_ONCE && more; taken++) {
        pthread_mutex_lock(&r->lock);
        more = !server->ended && take_one(r, server);
        pthread_mutex_unlock(&r->lock);
      }
    }
    pthread_mutex_lock(&r->lock);
    free_servers(&r->ended);
    pthread_mutex_unlock(&r->lock);
  }
}

/* callback(token, datagram, the sender's struct sockaddr_in) */
static void deliver_handed(napi_env env, napi_value callback, void *context, void *data) {
  (void)context;
  struct handed *handed = data;
  napi_value receiver, arguments[3];
  if (env != NULL && callback != NULL && napi_get_undefined(env, &receiver) == napi_ok &&
      napi_create_buffer_copy(env, handed->length, handed->bytes, NULL, &arguments[1]) == napi_ok &&
      napi_create_buffer_copy(env, sizeof handed->from, &handed->from, NULL, &arguments[2]) == napi_ok) {
    arguments[0] = number_value(env, handed->token);
    napi_call_function(env, receiver, callback, 3, arguments, NULL);
  }
  free(handed);
}

static void end_responder(void *argument) {
  struct responder *r = argument;
  pthread_join(r->thread, NULL);
  close(r->epoll);
  free_servers(&r->servers);
  free_servers(&r->ended);
  for (size_t i = 0; i < r->bucket_count; i++)
    for (struct entry *entry = r->buckets[i], *next; entry != NULL; entry = next) {
      next = entry->next;
      free(entry);
    }
  free(r->buckets);
  pthread_mutex_destroy(&r->lock);
}

/* startResponder(rate, burst, callback): so many datagrams a second, and at once after a pause; others are lost. */
napi_value start_responder(napi_env env, napi_callback_info info) {
  double rate, burst;
  napi_value callback;
  if (!take_arguments(env, info, "ddv", &rate, &burst, &callback)) return wrong_type(env, "startResponder");
  struct responder *r = open_background(env, sizeof *r, callback, MAX_HANDED, deliver_handed);
  if (r == NULL) return NULL;
  pthread_mutex_init(&r->lock, NULL);
  clock_gettime(CLOCK_MONOTONIC, &r->counted);
  r->rate = rate;
  r->burst = r->left = burst;
  r->epoll = epoll_create1(EPOLL_CLOEXEC);
  r->bucket_count = 64;
  r->buckets = calloc(r->bucket_count, sizeof *r->buckets);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  bool started = r->beside.stop >= 0 && r->epoll >= 0 && r->buckets != NULL &&
                 epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->beside.stop, &event) == 0 &&
                 start_thread(&r->thread, respond_thread, r) == 0;
  if (!started) {
    if (r->epoll >= 0) close(r->epoll);
    free(r->buckets);
  }
  return run_background(env, r, started, end_responder);
}

/* ── what TypeScript says ────────────────────────────────────────────────────────────────────────────────────────── */

static struct server **server_of(struct responder *r, uint32_t token) {
  struct server **at = &r->servers;
  while (*at != NULL && (*at)->token != token) at = &(*at)->next;
  return at;
}

/* 0 or -errno. */
static int add_server(struct responder *r, uint32_t token, int fd) {
  struct server *server = calloc(1, sizeof *server);
  if (server == NULL) return -ENOMEM;
  *server = (struct server){.next = r->servers, .token = token, .fd = fd};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};
  if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    int error = errno;
    free(server);
    return -error;
  }
  r->servers = server;
  return 0;
}

/*
 * serveNames(handle, token, fd, zones): look questions that come in at the socket, of AF_INET, up in these zones (an array of
 * uint32_t). Of a token that is served already the zones are replaced. The descriptor stays the caller's. 0 or -errno.
 */
napi_value serve_names(napi_env env, napi_callback_info info) {
  size_t length;
  struct responder *r;
  uint32_t token;
  int32_t fd, result = 0;
  void *data;
  if (!take_arguments(env, info, "xuib", &r, &token, &fd, &data, &length)) return wrong_type(env, "serveNames");
  uint32_t *zones = r->beside.stopped ? NULL : malloc(length + 1); /* malloc(0) may answer NULL */
  if (zones == NULL) return number_value(env, -ENOMEM);
  memcpy(zones, data, length);
  pthread_mutex_lock(&r->lock);
  if (*server_of(r, token) == NULL) result = add_server(r, token, fd);
  if (result == 0) {
    struct server *server = *server_of(r, token);
    free(server->zones);
    server->zones = zones;
    server->zone_count = length / sizeof *zones;
  } else {
    free(zones);
  }
  pthread_mutex_unlock(&r->lock);
  return number_value(env, result);
}

/* endNames(handle, token): the socket is not touched any more. */
napi_value end_names(napi_env env, napi_callback_info info) {
  struct responder *r;
  uint32_t token;
  if (!take_arguments(env, info, "xu", &r, &token)) return wrong_type(env, "endNames");
  if (r->beside.stopped) return NULL;
  pthread_mutex_lock(&r->lock);
  struct server **at = server_of(r, token), *server = *at;
  if (server != NULL) {
    epoll_ctl(r->epoll, EPOLL_CTL_DEL, server->fd, NULL);
    server->ended = true;
    *at = server->next;
    server->next = r->ended;
    r->ended = server;
  }
  pthread_mutex_unlock(&r->lock);
  return NULL;
}

/*
 * tellNames(handle, zone, question, records, recordLength): in place of what was known. A recordLength of 0: the callback
 * answers, whatever further zones say. Without records (null) the question is forgotten. 0 or -errno.
 */
napi_value tell_names(napi_env env, napi_callback_info info) {
  size_t question_length, records_length;
  struct responder *r;
  uint32_t zone, record_length;
  void *question, *records;
  if (!take_arguments(env, info, "xubBu", &r, &zone, &question, &question_length, &records, &records_length, &record_length) ||
      question_length > MAX_QUESTION || records_length > MAX_DATAGRAM ||
      (record_length == 0 ? records_length : records_length % record_length) != 0)
    return wrong_type(env, "tellNames");
  if (r->beside.stopped) return number_value(env, 0);
  struct entry *entry = records == NULL ? NULL : malloc(sizeof *entry + question_length + records_length);
  if (entry == NULL && records != NULL) return number_value(env, -ENOMEM);
  pthread_mutex_lock(&r->lock);
  struct entry **at = place_of(r, zone, question, question_length), *before = *at;
  if (before != NULL) {
    *at = before->next;
    r->entry_count--;
  }
  if (entry != NULL) {
    *entry = (struct entry){.next = *at,
                            .zone = zone,
                            .hash = hash_of(zone, question, question_length),
                            .question_length = (uint32_t)question_length,
                            .record_length = record_length,
                            .records_length = (uint32_t)records_length};
    memcpy(entry->bytes, question, question_length);
    if (records_length > 0) memcpy(entry->bytes + question_length, records, records_length);
    *at = entry;
    if (++r->entry_count > r->bucket_count) grow(r);
  }
  pthread_mutex_unlock(&r->lock);
  free(before);
  return number_value(env, 0);
}

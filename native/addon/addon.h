/* What the addon's parts have of each other. */
#ifndef BERTH_ADDON_H
#define BERTH_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ── values.c ── */
napi_value number_value(napi_env env, long value);
bool is_null(napi_env env, napi_value value);
/* The memory of a Uint8Array. False for anything else. */
bool bytes_of(napi_env env, napi_value value, void **data, size_t *length);
/* Throw TypeError for the arguments of the function `name`. */
napi_value wrong_type(napi_env env, const char *name);
/*
 * The call's arguments, a letter each, with a pointer to where it goes behind. False for others.
 *   i int32_t  u uint32_t  l int64_t  d double  t bool  x void *, of an external  v napi_value
 *   b void * and size_t, of a Uint8Array  B the same; NULL and 0 of null alone
 */
bool take_arguments(napi_env env, napi_callback_info info, const char *letters, ...);

/* ── background.c ── */
/* pthread_create(3). No handler of the runtime ever runs in the thread, nor does SIGPIPE end it. */
int start_thread(pthread_t *thread, void *(*run)(void *), void *argument);

/* The first member of what works beside the JavaScript thread and calls back. */
struct background {
  int stop; /* an eventfd that every thread watches */
  bool stopped;
  napi_threadsafe_function deliver;
  void (*end)(void *self);
};
/* `size` bytes that begin with the above; at most `queue` calls wait, 0: any number. NULL: an exception is thrown. */
void *open_background(napi_env env, size_t size, napi_value callback, size_t queue, napi_threadsafe_function_call_js deliver);
/*
 * The handle of what has `started`; of what has not the memory is given back, and an exception thrown. `end` is called when the
 * handle is stopped, collected, or JavaScript's thread ends: it waits for the threads and gives back all but `self`.
 */
napi_value run_background(napi_env env, void *self, bool started, void (*end)(void *self));
/* stop…(handle): no callback afterwards. Repeating it is allowed. */
napi_value stop_background(napi_env env, napi_callback_info info);
/* For open_background: calls back with the upper and the lower half of what the thread packed into `data`. */
void deliver_pair(napi_env env, napi_value callback, void *context, void *data);

/* ── files.c ── */
napi_value list_files(napi_env env, napi_callback_info info);
napi_value list_folders(napi_env env, napi_callback_info info);
napi_value read_files(napi_env env, napi_callback_info info);
napi_value copy_files(napi_env env, napi_callback_info info);

/* ── operations.c ── */
napi_value start_runner(napi_env env, napi_callback_info info);
napi_value run_operations_beside(napi_env env, napi_callback_info info);

/* ── program.c ── */
napi_value release_program(napi_env env, napi_callback_info info);

/* ── send.c ── */
napi_value start_sender(napi_env env, napi_callback_info info);
napi_value send_file(napi_env env, napi_callback_info info);

/* ── names.c ── */
napi_value start_responder(napi_env env, napi_callback_info info);
napi_value serve_names(napi_env env, napi_callback_info info);
napi_value end_names(napi_env env, napi_callback_info info);
napi_value tell_names(napi_env env, napi_callback_info info);

#endif

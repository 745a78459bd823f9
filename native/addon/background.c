/* Threads beside the JavaScript thread. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "addon.h"

int start_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, NULL, run, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

void *open_background(napi_env env, size_t size, napi_value callback, size_t queue, napi_threadsafe_function_call_js deliver) {
  struct background *self = calloc(1, size);
  napi_value name;
  if (self == NULL || napi_create_string_utf8(env, "berth", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, callback, NULL, name, queue, 1, NULL, NULL, self, deliver, &self->deliver) !=
          napi_ok) {
    free(self);
    return wrong_type(env, "what runs beside");
  }
  napi_unref_threadsafe_function(env, self->deliver);
  self->stop = eventfd(0, EFD_CLOEXEC);
  return self;
}

static void halt(void *argument) {
  struct background *self = argument;
  uint64_t one = 1;
  if (self->stopped) return;
  self->stopped = true;
  if (write(self->stop, &one, sizeof one) == sizeof one) self->end(self);
  close(self->stop);
  napi_release_threadsafe_function(self->deliver, napi_tsfn_abort);
}

static void halt_now(napi_env env, struct background *self) {
  if (!self->stopped) napi_remove_env_cleanup_hook(env, halt, self);
  halt(self);
}

static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  halt_now(env, data);
  free(data);
}

napi_value run_background(napi_env env, void *begun, bool started, void (*end)(void *self)) {
  struct background *self = begun;
  napi_value handle;
  self->end = end;
  if (!started) {
    if (self->stop >= 0) close(self->stop);
    napi_release_threadsafe_function(self->deliver, napi_tsfn_abort);
    free(self);
    napi_throw_error(env, NULL, "cannot start a thread");
    return NULL;
  }
  napi_add_env_cleanup_hook(env, halt, self);
  return napi_create_external(env, self, release, NULL, &handle) == napi_ok ? handle : NULL;
}

napi_value stop_background(napi_env env, napi_callback_info info) {
  void *self;
  if (!take_arguments(env, info, "x", &self)) return wrong_type(env, "stop");
  halt_now(env, self);
  return NULL;
}

void deliver_pair(napi_env env, napi_value callback, void *context, void *data) {
  (void)context;
  uint64_t packed = (uint64_t)(uintptr_t)data;
  napi_value receiver, arguments[2];
  if (env == NULL || callback == NULL || napi_get_undefined(env, &receiver) != napi_ok) return;
  arguments[0] = number_value(env, (long)(packed >> 32));
  arguments[1] = number_value(env, (long)(packed & UINT32_MAX));
  napi_call_function(env, receiver, callback, 2, arguments, NULL);
}

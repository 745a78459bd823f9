/* What the addon's parts have of each other. */
#ifndef BERTH_ADDON_H
#define BERTH_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

napi_value number_value(napi_env env, long value);
/* The memory of a Uint8Array. False for anything else. */
bool bytes_of(napi_env env, napi_value value, void **data, size_t *length);
/* Throw TypeError for the arguments of the function `name`. */
napi_value wrong_type(napi_env env, const char *name);

/* For napi_create_threadsafe_function: calls back with the upper and the lower half of what the thread packed into `data`. */
void deliver_pair(napi_env env, napi_value callback, void *context, void *data);

/* files.c */
napi_value list_files(napi_env env, napi_callback_info info);
napi_value read_files(napi_env env, napi_callback_info info);
napi_value copy_files(napi_env env, napi_callback_info info);

/* send.c */
napi_value start_sender(napi_env env, napi_callback_info info);
napi_value send_file(napi_env env, napi_callback_info info);

/* names.c */
napi_value start_responder(napi_env env, napi_callback_info info);
napi_value serve_names(napi_env env, napi_callback_info info);
napi_value end_names(napi_env env, napi_callback_info info);
napi_value tell_names(napi_env env, napi_callback_info info);
napi_value stop_responder(napi_env env, napi_callback_info info);

#endif

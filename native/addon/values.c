/* JavaScript's values to C's and back. */
#include <stdarg.h>
#include <stdio.h>
#include "addon.h"

enum { MOST_ARGUMENTS = 8 };

napi_value number_value(napi_env env, long value) {
  napi_value result;
  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

bool is_null(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

bool bytes_of(napi_env env, napi_value value, void **data, size_t *length) {
  napi_typedarray_type type;
  bool is_array = false;
  return napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
         napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == napi_uint8_array;
}

napi_value wrong_type(napi_env env, const char *name) {
  char message[96];
  snprintf(message, sizeof message, "wrong argument types for %s", name);
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool bytes_or_none(napi_env env, napi_value value, bool optional, void **data, size_t *length) {
  *data = NULL;
  *length = 0;
  if (optional && is_null(env, value)) return true;
  if (!bytes_of(env, value, data, length)) return false;
  if (*data == NULL) *data = ""; /* so that no bytes are not null */
  return true;
}

bool take_arguments(napi_env env, napi_callback_info info, const char *letters, ...) {
  size_t count = MOST_ARGUMENTS;
  napi_value values[MOST_ARGUMENTS];
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return false;
  va_list to;
  va_start(to, letters);
  bool fine = true;
  for (size_t i = 0; letters[i] != 0 && fine; i++) {
    if (i >= count) fine = false;
    else if (letters[i] == 'i') fine = napi_get_value_int32(env, values[i], va_arg(to, int32_t *)) == napi_ok;
    else if (letters[i] == 'u') fine = napi_get_value_uint32(env, values[i], va_arg(to, uint32_t *)) == napi_ok;
    else if (letters[i] == 'l') fine = napi_get_value_int64(env, values[i], va_arg(to, int64_t *)) == napi_ok;
    else if (letters[i] == 'd') fine = napi_get_value_double(env, values[i], va_arg(to, double *)) == napi_ok;
    else if (letters[i] == 't') fine = napi_get_value_bool(env, values[i], va_arg(to, bool *)) == napi_ok;
    else if (letters[i] == 'x') fine = napi_get_value_external(env, values[i], va_arg(to, void **)) == napi_ok;
    else if (letters[i] == 'v') *va_arg(to, napi_value *) = values[i];
    else {
      void **data = va_arg(to, void **);
      fine = bytes_or_none(env, values[i], letters[i] == 'B', data, va_arg(to, size_t *));
    }
  }
  va_end(to);
  return fine;
}

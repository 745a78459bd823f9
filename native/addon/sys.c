/*
 * berth-sys: Linux system calls for TypeScript, as a Node-API addon.
 *
 * Mechanism only. `calls` is a table: one row per system call, whose signature says how JavaScript values become its
 * arguments. A call returns what the kernel returned, or -errno; it throws TypeError only for values of the wrong type.
 * No static state is written, so that every worker thread can load the addon for itself.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "addon.h"

/*
 * Signature letters, one JavaScript value each unless noted:
 *   i  number            s  path or string (string, or Uint8Array without NUL)      S  the same, or null
 *   b  Uint8Array: pointer, then its length                                         B  the same, or null (NULL, 0)
 *   r  Uint8Array: its length, then pointer
 *   pN Uint8Array of at least N bytes: pointer
 *   v  Uint8Array: pointer, then pointer to its length, which the kernel updates and the call then returns
 *   a  as v, but the call returns what the kernel returned
 *   0  no value: the argument is 0
 */
struct row {
  const char *name;
  long number;
  const char *signature;
};

static const struct row calls[] = {
    {"accept4", SYS_accept4, "i00i"},
    {"bind", SYS_bind, "ib"},
    {"capget", SYS_capget, "p8p24"},
    {"capset", SYS_capset, "p8p24"},
    {"close", SYS_close, "i"},
    {"connect", SYS_connect, "ib"},
    {"copy_file_range", SYS_copy_file_range, "i0i0i0"},
    {"epoll_create1", SYS_epoll_create1, "i"},
    {"epoll_ctl", SYS_epoll_ctl, "iiip12"},
    {"fchmod", SYS_fchmod, "ii"},
    {"fchmodat", SYS_fchmodat, "isi"},
    {"fchown", SYS_fchown, "iii"},
    {"fchownat", SYS_fchownat, "isiii"},
    {"fcntl", SYS_fcntl, "iii"},
    {"fdatasync", SYS_fdatasync, "i"},
    {"fgetxattr", SYS_fgetxattr, "isb"},
    {"flistxattr", SYS_flistxattr, "ib"},
    {"flock", SYS_flock, "ii"},
    {"fremovexattr", SYS_fremovexattr, "is"},
    {"fsconfig", SYS_fsconfig, "iiSSi"},
    {"fsetxattr", SYS_fsetxattr, "isbi"},
    {"fsmount", SYS_fsmount, "iii"},
    {"fsopen", SYS_fsopen, "si"},
    {"fspick", SYS_fspick, "isi"},
    {"fsync", SYS_fsync, "i"},
    {"ftruncate", SYS_ftruncate, "ii"},
    {"getcpu", SYS_getcpu, "p4"},
    {"getdents64", SYS_getdents64, "ib"},
    {"getpeername", SYS_getpeername, "iv"},
    {"getsockname", SYS_getsockname, "iv"},
    {"getsockopt", SYS_getsockopt, "iiiv"},
    {"getxattr", SYS_getxattr, "ssb"},
    {"ioctl", SYS_ioctl, "iii"},
    {"ioctl_buffer", SYS_ioctl, "iip1"},
    {"kill", SYS_kill, "ii"},
    {"lgetxattr", SYS_lgetxattr, "ssb"},
    {"linkat", SYS_linkat, "isisi"},
    {"listen", SYS_listen, "ii"},
    {"listxattr", SYS_listxattr, "sb"},
    {"llistxattr", SYS_llistxattr, "sb"},
    {"lremovexattr", SYS_lremovexattr, "ss"},
    {"lseek", SYS_lseek, "iii"},
    {"lsetxattr", SYS_lsetxattr, "ssbi"},
    {"memfd_create", SYS_memfd_create, "si"},
    {"mkdirat", SYS_mkdirat, "isi"},
    {"mknodat", SYS_mknodat, "isii"},
    {"mount", SYS_mount, "SsSiS"},
    {"mount_setattr", SYS_mount_setattr, "isib"},
    {"move_mount", SYS_move_mount, "isisi"},
    {"open_tree", SYS_open_tree, "isi"},
    {"openat", SYS_openat, "isii"},
    {"openat2", SYS_openat2, "isb"},
    {"pidfd_open", SYS_pidfd_open, "ii"},
    {"pidfd_send_signal", SYS_pidfd_send_signal, "ii00"},
    {"pipe2", SYS_pipe2, "p8i"},
    {"pivot_root", SYS_pivot_root, "ss"},
    {"prctl", SYS_prctl, "iiiii"},
    {"pread", SYS_pread64, "ibi"},
    {"pwrite", SYS_pwrite64, "ibi"},
    {"quotactl_fd", SYS_quotactl_fd, "iiip72"},
    {"read", SYS_read, "ib"},
    {"readlinkat", SYS_readlinkat, "isb"},
    {"recvfrom", SYS_recvfrom, "ibi00"},
    {"recvfrom_address", SYS_recvfrom, "ibia"},
    {"removexattr", SYS_removexattr, "ss"},
    {"renameat2", SYS_renameat2, "isisi"},
    {"sched_getaffinity", SYS_sched_getaffinity, "ir"},
    {"sched_setaffinity", SYS_sched_setaffinity, "ir"},
    {"sendto", SYS_sendto, "ibiB"},
    {"setfsgid", SYS_setfsgid, "i"},
    {"setfsuid", SYS_setfsuid, "i"},
    {"setsockopt", SYS_setsockopt, "iiib"},
    {"setxattr", SYS_setxattr, "ssbi"},
    {"shutdown", SYS_shutdown, "ii"},
    {"socket", SYS_socket, "iii"},
    {"statfs", SYS_statfs, "sp120"},
    {"statx", SYS_statx, "isiip256"},
    {"symlinkat", SYS_symlinkat, "sis"},
    {"syncfs", SYS_syncfs, "i"},
    {"umask", SYS_umask, "i"},
    {"umount2", SYS_umount2, "si"},
    {"unlinkat", SYS_unlinkat, "isi"},
    {"utimensat", SYS_utimensat, "isp32i"},
    {"waitid", SYS_waitid, "iip128i0"},
    {"write", SYS_write, "ib"},
};

enum { ROWS = sizeof calls / sizeof *calls, MAX_VALUES = 6, MAX_NAMESPACES = 8, MAX_FDS = 32 };

/* One call with its arguments in place. Strings are copied to `text`; buffers stay where JavaScript keeps them. */
struct call {
  long number;
  long arguments[8];
  int count;
  bool returns_length;
  socklen_t length;
  size_t used;
  char text[3 * PATH_MAX];
};

/* Copy a string or a Uint8Array to the call's text. 0, -errno for what no kernel path can be, 1 for a wrong type. */
static int text_of(napi_env env, napi_value value, struct call *call, long *argument) {
  char *start = call->text + call->used;
  size_t room = sizeof call->text - call->used, length = 0;
  void *data = NULL;
  if (napi_get_value_string_utf8(env, value, start, room, &length) != napi_ok) {
    if (!bytes_of(env, value, &data, &length)) return 1;
    if (length >= room) return -ENAMETOOLONG;
    if (length > 0) memcpy(start, data, length);
    start[length] = 0;
  } else if (length + 4 >= room) { /* it may have been cut short, by up to one UTF-8 sequence */
    return -ENAMETOOLONG;
  }
  if (memchr(start, 0, length) != NULL) return -EINVAL;
  call->used += length + 1;
  *argument = (long)start;
  return 0;
}

/* Turn `values` into the arguments of `row`. 0, -errno, or 1 for a wrong type. */
static int marshal(napi_env env, const struct row *row, size_t count, const napi_value *values, struct call *call) {
  call->number = row->number;
  call->count = 0;
  call->used = 0;
  call->returns_length = false;
  size_t next = 0;
  for (const char *kind = row->signature; *kind != 0; kind++) {
    if (*kind == '0') {
      call->arguments[call->count++] = 0;
      continue;
    }
    if (next >= count) return 1;
    napi_value value = values[next++];
    void *data = NULL;
    size_t length = 0, least = 0;
    int64_t number;
    long text = 0;
    int bad;
    switch (*kind) {
    case 'i':
      if (napi_get_value_int64(env, value, &number) != napi_ok) return 1;
      call->arguments[call->count++] = number;
      break;
    case 'S':
    case 's':
      if ((*kind == 's' || !is_null(env, value)) && (bad = text_of(env, value, call, &text)) != 0) return bad;
      call->arguments[call->count++] = text;
      break;
    default: /* b B r v a p */
      if (!(*kind == 'B' && is_null(env, value)) && !bytes_of(env, value, &data, &length)) return 1;
      if (*kind == 'p') {
        while (kind[1] >= '0' && kind[1] <= '9') least = least * 10 + (size_t)(*++kind - '0');
        if (length < least) return 1;
        call->arguments[call->count++] = (long)data;
      } else if (*kind == 'v' || *kind == 'a') {
        call->length = (socklen_t)length;
        call->returns_length = *kind == 'v';
        call->arguments[call->count++] = (long)data;
        call->arguments[call->count++] = (long)&call->length;
      } else {
        call->arguments[call->count++] = *kind == 'r' ? (long)length : (long)data;
        call->arguments[call->count++] = *kind == 'r' ? (long)data : (long)length;
      }
    }
  }
  while (call->count < 6) call->arguments[call->count++] = 0;
  return 0;
}

static long perform(struct call *call) {
  const long *a = call->arguments;
  long result;
  do result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
  while (result < 0 && errno == EINTR && call->number != SYS_close); /* close(2) has closed even then */
  if (result < 0) return errno == EINTR ? 0 : -errno;
  return call->returns_length ? (long)call->length : result;
}

/* Every function of the table. */
static napi_value invoke(napi_env env, napi_callback_info info) {
  size_t count = MAX_VALUES;
  napi_value values[MAX_VALUES];
  void *row;
  struct call call;
  if (napi_get_cb_info(env, info, &count, values, NULL, &row) != napi_ok) return NULL;
  int bad = marshal(env, row, count < MAX_VALUES ? count : MAX_VALUES, values, &call);
  if (bad > 0) return wrong_type(env, ((const struct row *)row)->name);
  return number_value(env, bad < 0 ? bad : perform(&call));
}

/* ── in other namespaces ─────────────────────────────────────────────────────────────────────────────────────────── */

/* A short-lived thread changes its own namespaces, acts, and ends: the caller's thread stays in its own. */
struct visit {
  int namespaces[MAX_NAMESPACES];
  uint32_t count;
  struct call *call;  /* perform this, or … */
  int unshare;        /* … make a new namespace of this kind and open `path` */
  const char *path;
  long result;
};

static void *visit_thread(void *argument) {
  struct visit *visit = argument;
  visit->result = 0;
  if (unshare(CLONE_FS | visit->unshare) != 0) visit->result = -errno;
  for (uint32_t i = 0; i < visit->count && visit->result == 0; i++)
    if (setns(visit->namespaces[i], 0) != 0) visit->result = -errno;
  if (visit->result != 0) return NULL;
  if (visit->call != NULL) {
    visit->result = perform(visit->call);
  } else {
    int fd = open(visit->path, O_RDONLY | O_CLOEXEC);
    visit->result = fd < 0 ? -errno : fd;
  }
  return NULL;
}

/*
 * A network namespace is a thread's own affair, also where there are others: this one goes there for one call and comes
 * back, at a fraction of a thread's cost. False when the namespace is of another kind, or closed to us.
 */
static bool visit_network(struct visit *visit) {
  int home = visit->count == 1 && visit->call != NULL ? open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
  if (home < 0) return false;
  bool there = setns(visit->namespaces[0], CLONE_NEWNET) == 0;
  if (there) visit->result = perform(visit->call);
  if (there && setns(home, CLONE_NEWNET) != 0) abort(); /* nothing may go on in a container's network */
  close(home);
  return there;
}

static long visit(struct visit *visit) {
  pthread_t thread;
  if (visit_network(visit)) return visit->result;
  int error = start_thread(&thread, visit_thread, visit);
  if (error != 0) return -error;
  pthread_join(thread, NULL);
  return visit->result;
}

/* Read an array of at most `most` small integers. False for anything else. */
static bool integers_of(napi_env env, napi_value array, int *into, uint32_t most, uint32_t *count) {
  if (napi_get_array_length(env, array, count) != napi_ok || *count > most) return false;
  for (uint32_t i = 0; i < *count; i++) {
    napi_value element;
    if (napi_get_element(env, array, i, &element) != napi_ok || napi_get_value_int32(env, element, &into[i]) != napi_ok)
      return false;
  }
  return true;
}

/* within(namespaceFds, name, ...arguments) */
static napi_value within(napi_env env, napi_callback_info info) {
  size_t count = 2 + MAX_VALUES, length;
  napi_value values[2 + MAX_VALUES];
  char name[32];
  struct call call;
  struct visit to = {.call = &call};
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
      !integers_of(env, values[0], to.namespaces, MAX_NAMESPACES, &to.count) ||
      napi_get_value_string_utf8(env, values[1], name, sizeof name, &length) != napi_ok)
    return wrong_type(env, "within");
  for (size_t i = 0; i < ROWS; i++) {
    if (strcmp(calls[i].name, name) != 0) continue;
    if (count > 2 + MAX_VALUES) count = 2 + MAX_VALUES;
    int bad = marshal(env, &calls[i], count - 2, values + 2, &call);
    return bad > 0 ? wrong_type(env, name) : number_value(env, bad < 0 ? bad : visit(&to));
  }
  return wrong_type(env, name);
}

/* freshNamespace(flag, kind) */
static napi_value fresh_namespace(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value values[2];
  char path[64] = "/proc/thread-self/ns/";
  size_t used = strlen(path);
  struct visit to = {.path = path};
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_int32(env, values[0], &to.unshare) != napi_ok ||
      napi_get_value_string_utf8(env, values[1], path + used, sizeof path - used, &length) != napi_ok)
    return wrong_type(env, "freshNamespace");
  return number_value(env, visit(&to));
}

/* ── calls whose structures hold pointers ────────────────────────────────────────────────────────────────────────── */

union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

/* sendFds(socket, bytes, fds, flags) */
static napi_value send_fds(napi_env env, napi_callback_info info) {
  napi_value array;
  int socket, flags, fds[MAX_FDS];
  uint32_t fd_count;
  struct iovec part;
  if (!take_arguments(env, info, "ibvi", &socket, &part.iov_base, &part.iov_len, &array, &flags) ||
      !integers_of(env, array, fds, MAX_FDS, &fd_count))
    return wrong_type(env, "sendFds");
  union control control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(fd_count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
  }
  ssize_t sent = TEMP_FAILURE_RETRY(sendmsg(socket, &message, flags));
  return number_value(env, sent < 0 ? -errno : sent);
}

/* receiveFds(socket, bytes, fds, flags): what arrives is appended to the array `fds`. */
static napi_value receive_fds(napi_env env, napi_callback_info info) {
  napi_value array;
  int socket, flags;
  uint32_t filled;
  struct iovec part;
  if (!take_arguments(env, info, "ibvi", &socket, &part.iov_base, &part.iov_len, &array, &flags) ||
      napi_get_array_length(env, array, &filled) != napi_ok)
    return wrong_type(env, "receiveFds");
  union control control;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t received = TEMP_FAILURE_RETRY(recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC));
  if (received < 0) return number_value(env, -errno);
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      napi_set_element(env, array, filled++, number_value(env, fd));
    }
  }
  return number_value(env, received);
}

/* bpf(command, attributes, [[offset, bytes], …]): the address of each `bytes` is stored at its offset first. */
static napi_value bpf_call(napi_env env, napi_callback_info info) {
  size_t size, length;
  napi_value array;
  int command;
  uint32_t pointers, offset;
  void *given, *data;
  union bpf_attr attributes = {0};
  if (!take_arguments(env, info, "ibv", &command, &given, &size, &array) || size > sizeof attributes ||
      napi_get_array_length(env, array, &pointers) != napi_ok)
    return wrong_type(env, "bpf");
  memcpy(&attributes, given, size);
  for (uint32_t i = 0; i < pointers; i++) {
    napi_value pair, at, bytes;
    if (napi_get_element(env, array, i, &pair) != napi_ok || napi_get_element(env, pair, 0, &at) != napi_ok ||
        napi_get_element(env, pair, 1, &bytes) != napi_ok || napi_get_value_uint32(env, at, &offset) != napi_ok ||
        offset > size - sizeof(uint64_t) || size < sizeof(uint64_t) || !bytes_of(env, bytes, &data, &length))
      return wrong_type(env, "bpf");
    uint64_t address = (uint64_t)(uintptr_t)data;
    memcpy((char *)&attributes + offset, &address, sizeof address);
  }
  long result = syscall(SYS_bpf, command, &attributes, size);
  int error = errno;
  memcpy(given, &attributes, size); /* query commands answer in place */
  return number_value(env, result < 0 ? -error : result);
}

/* ── readiness of raw descriptors ────────────────────────────────────────────────────────────────────────────────── */

/*
 * A thread waits on an epoll descriptor that TypeScript filled (epoll_ctl, always EPOLLONESHOT, so that the queue below
 * is bounded by the number of descriptors) and hands each event (token, events) to the JavaScript thread.
 */
struct poller {
  struct background beside;
  int epoll;
  pthread_t thread;
};

static const uint64_t stop_token = UINT64_MAX;

static void *poll_thread(void *argument) {
  struct poller *poller = argument;
  struct epoll_event events[64];
  for (;;) {
    int count = epoll_wait(poller->epoll, events, 64, -1);
    if (count < 0 && errno != EINTR) return NULL;
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == stop_token) return NULL;
      uint64_t packed = events[i].data.u64 << 32 | events[i].events;
      napi_call_threadsafe_function(poller->beside.deliver, (void *)(uintptr_t)packed, napi_tsfn_nonblocking);
    }
  }
}

static void end_poller(void *argument) {
  struct poller *poller = argument;
  pthread_join(poller->thread, NULL);
  epoll_ctl(poller->epoll, EPOLL_CTL_DEL, poller->beside.stop, NULL);
}

/* startPoller(epoll, callback) */
static napi_value start_poller(napi_env env, napi_callback_info info) {
  int epoll;
  napi_value callback;
  if (!take_arguments(env, info, "iv", &epoll, &callback)) return wrong_type(env, "startPoller");
  struct poller *poller = open_background(env, sizeof *poller, callback, 0, deliver_pair);
  if (poller == NULL) return NULL;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = stop_token};
  poller->epoll = epoll;
  bool started = poller->beside.stop >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, poller->beside.stop, &event) == 0 &&
                 start_thread(&poller->thread, poll_thread, poller) == 0;
  return run_background(env, poller, started, end_poller);
}

/* refPoller(handle, ref): whether waiting keeps the process alive. */
static napi_value ref_poller(napi_env env, napi_callback_info info) {
  struct poller *poller;
  bool ref;
  if (!take_arguments(env, info, "xt", &poller, &ref)) return wrong_type(env, "refPoller");
  if (poller->beside.stopped) return NULL;
  if (ref) napi_ref_threadsafe_function(env, poller->beside.deliver);
  else napi_unref_threadsafe_function(env, poller->beside.deliver);
  return NULL;
}

/* ── exports ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool export_function(napi_env env, napi_value target, const char *name, napi_callback callback, void *data) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function) == napi_ok &&
         napi_set_named_property(env, target, name, function) == napi_ok;
}

static const struct {
  const char *name;
  napi_callback callback;
} functions[] = {
    {"within", within},
    {"freshNamespace", fresh_namespace},
    {"sendFds", send_fds},
    {"receiveFds", receive_fds},
    {"bpf", bpf_call},
    {"listFiles", list_files},
    {"listFolders", list_folders},
    {"readFiles", read_files},
    {"copyFiles", copy_files},
    {"startRunner", start_runner},
    {"runOperations", run_operations_beside},
    {"releaseProgram", release_program},
    {"startSender", start_sender},
    {"sendFile", send_file},
    {"startResponder", start_responder},
    {"serveNames", serve_names},
    {"endNames", end_names},
    {"tellNames", tell_names},
    {"startPoller", start_poller},
    {"refPoller", ref_poller},
    {"stop", stop_background},
};

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  napi_value table;
  bool fine = napi_create_object(env, &table) == napi_ok;
  for (size_t i = 0; i < ROWS && fine; i++)
    fine = export_function(env, table, calls[i].name, invoke, (void *)&calls[i]);
  fine = fine && napi_set_named_property(env, exports, "calls", table) == napi_ok;
  for (size_t i = 0; i < sizeof functions / sizeof *functions && fine; i++)
    fine = export_function(env, exports, functions[i].name, functions[i].callback, NULL);
  return fine ? exports : NULL;
}

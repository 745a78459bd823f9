/* The pages of the program's own file. */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#include "addon.h"

/* The program is told of first. Pages that it shares with what can be written stay. */
static int release_segments(struct dl_phdr_info *program, size_t size, void *result) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  (void)size;
  for (int i = 0; i < program->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
    uintptr_t start = program->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
    if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
    start = (start + page - 1) & ~(page - 1);
    end &= ~(page - 1);
    if (start < end && madvise((void *)start, end - start, MADV_DONTNEED)) *(long *)result = -errno;
  }
  return 1;
}

napi_value release_program(napi_env env, napi_callback_info info) {
  long result = 0;
  (void)info;
  dl_iterate_phdr(release_segments, &result);
  return number_value(env, result);
}

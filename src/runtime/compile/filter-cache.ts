import { compileFilter, type Filter } from "#runtime/seccomp/compile-filter.ts";
import type { Machine } from "#runtime/seccomp/abi.ts";
import { printJsonExact } from "#spec/oci/runtime-json.ts";
import type { Seccomp } from "#spec/oci/runtime.ts";

const kept = 16;

/** Compiled seccomp filters of the last few profiles: compiling one costs milliseconds, and containers share few of them. */
export class FilterCache {
  readonly #filters = new Map<string, Filter>();

  filter(config: Seccomp, machine: Machine): Filter {
    const key = `${machine} ${printJsonExact(config)}`;
    const known = this.#filters.get(key);
    this.#filters.delete(key);
    const filter = known ?? compileFilter(config, machine);
    this.#filters.set(key, filter);
    const [oldest] = this.#filters.keys();
    if (this.#filters.size > kept && oldest !== undefined) this.#filters.delete(oldest);
    return filter;
  }
}

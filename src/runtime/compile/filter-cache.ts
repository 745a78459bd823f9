import { compileFilter, type Filter } from "#runtime/seccomp/compile-filter.ts";
import type { Machine } from "#runtime/seccomp/abi.ts";
import { printJsonExact } from "#spec/oci/runtime-json.ts";
import type { Seccomp } from "#spec/oci/runtime.ts";

const kept = 16;

/** Compiled seccomp filters of the last few profiles: compiling one costs milliseconds, and containers share few of them. */
export class FilterCache {
  readonly #filters = new Map<string, Filter>();
  /** Of profiles that come again as the same object, which need not be compared as text. */
  readonly #ofObjects = new WeakMap<Seccomp, { readonly machine: Machine; readonly filter: Filter }>();

  filter(config: Seccomp, machine: Machine): Filter {
    const same = this.#ofObjects.get(config);
    if (same?.machine === machine) return same.filter;
    const filter = this.#equal(config, machine);
    this.#ofObjects.set(config, { machine, filter });
    return filter;
  }

  #equal(config: Seccomp, machine: Machine): Filter {
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

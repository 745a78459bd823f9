import type { CgroupManager } from "#host/cgroup/types.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { FilterCache } from "#runtime/compile/filter-cache.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { ContainerStore } from "./container-store.ts";

/** This process as the commands see it. */
export interface RuntimeIo {
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** The person's terminal, when stdin is one. */
  readonly terminal: LocalTerminal | undefined;
  /** Call `handler` with the number of every signal that can be passed on, until the result is called. */
  onSignals(handler: (signal: number) => void): () => void;
}

export interface LocalTerminal {
  /** Bytes as they are typed; the result puts the terminal back. */
  makeRaw(): () => void;
  size(): { readonly rows: number; readonly columns: number } | undefined;
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): void;
}

/** What the commands of the OCI runtime work with. */
export interface RuntimeContext {
  readonly store: ContainerStore;
  readonly cgroups: CgroupManager;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  readonly launcher: ShimLauncher;
  readonly io: RuntimeIo;
  warn(text: string): void;
}

import type { SupervisedProcess } from "#runtime/types.ts";
import type { DeferredAttach } from "./streams/deferred-attach.ts";
import type { ContainerSpec, Life } from "./spec.ts";
import type { Status } from "./status.ts";
import { Mutex } from "#base/async.ts";

export interface ExitResult {
  readonly exitCode: number;
  readonly error: string;
}

/**
 * A container as this engine process holds it. Everything durable is in `spec`, `name` and `life`, which only
 * {@link ContainerRegistry} changes, together with the row; the rest are handles on what lives elsewhere.
 */
export class Container {
  readonly id: string;
  readonly createdAtNs: bigint;
  spec: ContainerSpec;
  name: string;
  life: Life;
  /** Held while the container is started, removed, renamed, paused and while its exit is settled. */
  readonly lock = new Mutex();
  /** Present while there is a process or one is being made. */
  process: SupervisedProcess | undefined;
  /** Clients that attached before there was a process. */
  readonly waitingAttaches = new Set<DeferredAttach>();
  readonly exitListeners = new Set<(result: ExitResult) => void>();
  readonly removalListeners = new Set<(result: ExitResult) => void>();
  #keepers = 0;
  /** Ends the pause before a restart by policy. */
  cancelRestart: (() => void) | undefined;

  constructor(record: {
    readonly id: string;
    readonly createdAtNs: bigint;
    readonly spec: ContainerSpec;
    readonly name: string;
    readonly life: Life;
  }) {
    this.id = record.id;
    this.createdAtNs = record.createdAtNs;
    this.spec = record.spec;
    this.name = record.name;
    this.life = record.life;
  }

  get status(): Status {
    return this.life.status;
  }

  /** `--rm` must not act on its end now. */
  get isKept(): boolean {
    return this.#keepers > 0;
  }

  /** Do `work`, such as a restart, of which the container's end is only the middle. */
  async keptThrough<T>(work: () => Promise<T>): Promise<T> {
    this.#keepers++;
    try {
      return await work();
    } finally {
      this.#keepers--;
    }
  }
}

import type { Clock } from "../../ports.ts";
import type { ExitResult } from "../container.ts";

/** For how long the end of a container that removed itself is remembered. */
const rememberedNs = 10_000_000_000n;

/**
 * How containers of `--rm` ended, for a short while after they are gone. Clients start a container and ask for its end in
 * two requests (dockerode's `run`); a container of a few milliseconds is gone between them.
 */
export class RecentEnds {
  readonly #clock: Pick<Clock, "nowNs">;
  /** In the order of their ends. */
  readonly #ends = new Map<string, { readonly atNs: bigint; readonly result: ExitResult }>();

  constructor(clock: Pick<Clock, "nowNs">) {
    this.#clock = clock;
  }

  note(id: string, result: ExitResult): void {
    this.#forgetOld();
    this.#ends.set(id, { atNs: this.#clock.nowNs(), result });
  }

  /** By the whole id only: a name may be another container's already. */
  of(id: string): ExitResult | undefined {
    this.#forgetOld();
    return this.#ends.get(id)?.result;
  }

  #forgetOld(): void {
    const oldestNs = this.#clock.nowNs() - rememberedNs;
    for (const [id, { atNs }] of this.#ends) {
      if (atNs >= oldestNs) return;
      this.#ends.delete(id);
    }
  }
}

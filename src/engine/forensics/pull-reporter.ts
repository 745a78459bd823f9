import { isBerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatTime } from "#base/time.ts";
import type { PullReport } from "#spec/berth/why-pull.ts";
import { canonicalString, parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { PullFailureRows } from "../forensics-ports.ts";
import type { Clock } from "../ports.ts";
import { explainPull } from "./explain-pull.ts";

/** Writes down why pulls failed, for `why`. Nothing here changes how a pull ends. */
export class PullReporter {
  readonly #rows: PullFailureRows;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(deps: { readonly pullFailures: PullFailureRows; readonly clock: Clock; readonly log: Log }) {
    this.#rows = deps.pullFailures;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Does `pull` of `text`, a reference as it was asked for, and keeps how that failed. What is cut short has not. */
  async watch<T>(text: string, pull: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await pull();
    } catch (error) {
      if (!isBerthError(error, "cancelled")) this.#keep(text, (reference) => this.#failed(reference, error));
      throw error;
    }
    this.#keep(text, (reference) => this.#rows.forget(canonicalString(reference)));
    return result;
  }

  /** `GET /berth/images/{name}/why`. `invalid-parameter` for what is no reference. */
  report(text: string): PullReport {
    const name = canonicalString(withDefaultTag(parseReference(text)));
    return { Reference: name, Failures: this.#rows.of(name) };
  }

  #failed(reference: Reference, error: unknown): void {
    const At = formatTime(this.#clock.nowNs());
    this.#rows.insert(canonicalString(reference), { At, ...explainPull(error, reference), Message: messageOf(error) });
  }

  #keep(text: string, work: (reference: Reference) => void): void {
    try {
      work(withDefaultTag(parseReference(text)));
    } catch (error) {
      this.#log.warn("could not keep how a pull ended", { reference: text, error: messageOf(error) });
    }
  }
}

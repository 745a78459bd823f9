import type { Sample } from "./metric.ts";

/** Prometheus' default bounds, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often something took how long. */
export class DurationHistogram {
  readonly #counts = bounds.map(() => 0);
  #count = 0;
  #sumSeconds = 0;

  observe(seconds: number): void {
    this.#count += 1;
    this.#sumSeconds += seconds;
    const first = bounds.findIndex((bound) => seconds <= bound);
    for (let at = first; at >= 0 && at < bounds.length; at += 1) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  samples(labels: Readonly<Record<string, string>>): readonly Sample[] {
    return [
      ...bounds.map((bound, at) => ({
        suffix: "_bucket",
        labels: { ...labels, le: String(bound) },
        value: this.#counts[at] ?? 0,
      })),
      { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: this.#count },
      { suffix: "_sum", labels, value: this.#sumSeconds },
      { suffix: "_count", labels, value: this.#count },
    ];
  }
}

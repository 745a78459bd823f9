/** Middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Milliseconds that `act` takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** One figure of one side. */
export interface Figure {
  readonly measure: string;
  readonly unit: "ms" | "µs" | "MiB" | "runs/s" | "requests/s" | "MiB/s";
  readonly side: string;
  readonly value: number;
  readonly samples: readonly number[];
}

/**
 * Take `rounds` samples of `act` on every side, in turns, so that what else the machine does hits all of them alike; who is
 * first changes from round to round. One round before is thrown away. When `budgetMs` is over there are no further rounds: a slow side makes fewer samples, not
 * an endless bench.
 */
export async function inTurns<Side extends { readonly name: string }>(
  measure: string,
  unit: Figure["unit"],
  sides: readonly Side[],
  rounds: number,
  act: (side: Side) => Promise<number>,
  warmUp = true,
  budgetMs = 60_000,
): Promise<Figure[]> {
  const end = performance.now() + budgetMs;
  const samples = new Map<string, number[]>(sides.map((side) => [side.name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    if (round > 0 && performance.now() > end) break;
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const value = await act(side);
      if (round >= 0) samples.get(side.name)?.push(value);
    }
  }
  return sides.map((side) => {
    const taken = samples.get(side.name) ?? [];
    return { measure, unit, side: side.name, value: median(taken), samples: taken };
  });
}

/**
 * How many times better the first is: of samples that were taken in turns the median of the pairs, each of which the rest of
 * the machine hit alike.
 */
export function ratioOf(first: Figure, last: Figure): number {
  const ratio = (one: number, other: number): number => (first.unit.endsWith("/s") ? one / other : other / one);
  const { samples } = first;
  if (samples.length < 2 || samples.length !== last.samples.length) return ratio(first.value, last.value);
  return median(samples.map((sample, round) => ratio(sample, last.samples[round] ?? Number.NaN)));
}

/**
 * A table: one line a measure, one column a side, how many times better the first side is than the last, and a column for
 * each of `beside`, which stand for no side.
 */
export function table(figures: readonly Figure[], sides: readonly string[], beside: readonly string[] = []): string {
  const measures = [...new Set(figures.map((figure) => figure.measure))];
  const rows = measures.map((measure) => {
    const of = (side: string): Figure | undefined =>
      figures.find((figure) => figure.measure === measure && figure.side === side);
    const cell = (side: string): string => {
      const figure = of(side);
      return figure === undefined ? "-" : `${rounded(figure.value)} ${figure.unit}`;
    };
    const first = of(sides[0] ?? "");
    const last = of(sides.at(-1) ?? "");
    const comparable = first !== undefined && last !== undefined && first !== last;
    return [measure, ...sides.map(cell), comparable ? `${rounded(ratioOf(first, last))}x` : "", ...beside.map(cell)];
  });
  const head = ["", ...sides, sides.length > 1 ? "ratio" : "", ...beside];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [head, ...rows].map(line).join("\n");
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

import { readFileSync } from "node:fs";

/** /proc counts in ticks of the hundredth of a second on every machine that Linux knows. */
const TICK_MS = 10;

/** What some processes, and those that they started and have waited for, take of the processors from now on. */
export class ProcessorTime {
  readonly #pids: () => readonly number[];
  readonly #before: number;

  /** `pids`: those that count, at any time; who comes later has taken nothing before. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#before = ticksOf(pids());
  }

  /** Milliseconds, in steps of ten. */
  ms(): number {
    return (ticksOf(this.#pids()) - this.#before) * TICK_MS;
  }
}

/** User and system time, the children's too: fields 14 to 17 of proc(5)'s stat. */
function ticksOf(pids: readonly number[]): number {
  const of = (pid: number): number => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  };
  return pids.map(of).reduce((sum, ticks) => sum + ticks, 0);
}

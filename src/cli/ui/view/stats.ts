import { binarySize, decimalSize } from "#base/units.ts";
import { harmless } from "../letters.ts";
import type { Usage } from "../../container/stats/stats-row.ts";
import type { StatsPage } from "../model.ts";
import { bold, dim, plain, type Line } from "../screen.ts";
import { table } from "./table.ts";

const BARS = "▁▂▃▄▅▆▇█";
const LABEL = 12;
/** Of ps(1)'s columns that change while one looks. */
const USUAL: Readonly<Record<string, number>> = {
  C: 3,
  STIME: 5,
  TIME: 8,
  "%CPU": 5,
  "%MEM": 5,
  VSZ: 8,
  RSS: 8,
};
const VALUE = 22;

/** What a container uses, with the course of the last minutes, and its processes. */
export function statsLines({ history, processes }: StatsPage, columns: number): readonly Line[] {
  const last = history.at(-1);
  if (last === undefined) return [[dim("  no sample yet: it may not run")]];
  const room = Math.max(0, columns - LABEL - VALUE - 3);
  const course = (value: (usage: Usage) => number, most: number): string =>
    history
      .slice(-room)
      .map((usage) => BARS[Math.min(BARS.length - 1, Math.floor((value(usage) / most) * BARS.length))] ?? "")
      .join("");
  const field = (name: string, value: string, line = ""): Line => [
    bold(`  ${name.padEnd(LABEL - 2)}`),
    plain(`${value.padEnd(VALUE)} `),
    plain(room === 0 ? "" : line),
  ];
  const percents = history.map(({ cpuPercent }) => cpuPercent);
  const limit = last.limitBytes === 0 ? 1 : last.limitBytes;
  const peak = Math.max(1, ...history.map(({ memoryBytes }) => memoryBytes));
  const lines: Line[] = [
    field(
      "CPU",
      `${last.cpuPercent.toFixed(2)} %`,
      course(({ cpuPercent }) => cpuPercent, Math.max(100, ...percents)),
    ),
    field(
      "Memory",
      `${binarySize(last.memoryBytes)} / ${binarySize(last.limitBytes)}`,
      course(({ memoryBytes }) => memoryBytes, peak * 1.25),
    ),
    field("", `${((last.memoryBytes / limit) * 100).toFixed(2)} %`),
    field("Network", `${decimalSize(last.receivedBytes, 3)} in, ${decimalSize(last.sentBytes, 3)} out`),
    field("Disk", `${decimalSize(last.readBytes, 3)} read, ${decimalSize(last.writtenBytes, 3)} written`),
    field("Processes", String(last.pids)),
    [],
  ];
  const { titles, rows } = processes;
  if (titles.length === 0) return lines;
  const cells = titles.map((title, at) => ({
    title,
    usual: USUAL[title] ?? 0,
    cell: (row: readonly string[]) => ({ text: harmless(row[at] ?? "") }),
    ...(at === titles.length - 1 ? { least: 8 } : {}),
  }));
  return [...lines, ...table(cells, rows, columns, -1)];
}

import type { CliIo } from "#cli/cli-io.ts";
import { alignTable } from "#cli/format/table.ts";
import type { Answer } from "#registry/administration/operation.ts";

/** Print what an operation told: lines, or a table with its head. */
export function printAnswer(answer: Answer, io: CliIo): void {
  const rows = answer.kind === "lines" ? answer.lines.map((line) => [line]) : [answer.columns, ...answer.rows];
  if (rows.length > 0) io.stdout.write(`${alignTable(rows.map((cells) => cells.join("\t")).join("\n"))}\n`);
}

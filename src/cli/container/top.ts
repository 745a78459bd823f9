import type { Handler } from "../command.ts";
import { alignTable } from "../format/table.ts";

/** As wide as docker's, and as narrow as it can be. */
const COLUMN_WIDTHS = [20, 1];

/** `top`: the processes inside, as the host's `ps` shows them; close together where the terminal is narrow. */
export const top: Handler = async ({ args, io, client }) => {
  const [name = "", ...psArguments] = args;
  const { Titles, Processes } = await (await client()).containers.top(name, psArguments);
  const table = [Titles, ...(Processes ?? [])].map((cells) => `${cells.join("\t")}\n`).join("");
  const columns = io.stdout.windowSize()?.columns || Infinity;
  const [wide = "", close = ""] = COLUMN_WIDTHS.map((width) => alignTable(table, width));
  io.stdout.write(wide.split("\n").some((line) => line.length > columns) ? close : wide);
  return 0;
};

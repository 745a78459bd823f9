import type { Handler } from "../command.ts";
import { alignTable } from "../format/table.ts";

/** `top`: the processes inside, as the host's `ps` shows them. */
export const top: Handler = async ({ args, io, client }) => {
  const [name = "", ...psArguments] = args;
  const { Titles, Processes } = await (await client()).containers.top(name, psArguments);
  const lines = [Titles, ...(Processes ?? [])].map((cells) => cells.join("\t"));
  io.stdout.write(alignTable(`${lines.join("\n")}\n`, 20));
  return 0;
};

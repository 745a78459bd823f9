import type { Handler } from "../command.ts";

const LETTERS = ["C", "A", "D"] as const;

/** `diff`: one changed path a line. */
export const diff: Handler = async ({ args, io, client }) => {
  const [name = ""] = args;
  if (name === "") throw new Error("container name cannot be empty");
  const api = await client();
  for (const { Path, Kind } of await api.containers.changes(name)) io.stdout.write(`${LETTERS[Kind]} ${Path}\n`);
  return 0;
};

import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { Session } from "./session.ts";
import { loadList } from "./feed/lists.ts";

/** `ui`: the engine on the whole terminal, live, until the person leaves it. */
export const ui: Handler = async ({ io, client, engine }) => {
  if (!io.stdin.isTerminal() || !io.stdout.isTerminal() || io.env["TERM"] === "dumb")
    throw new BerthError("invalid-parameter", "ui needs a terminal: use ps, stats and logs elsewhere");
  const api = await client();
  const { host } = await engine();
  return new Session({ io, api, engine: host }).run(await loadList(api, "containers"));
};

import { eachOf } from "../../each.ts";
import type { Handler } from "../../command.ts";
import { findBuild } from "./find-build.ts";

/** `builder history rm`. */
export const removeBuilds: Handler = async ({ flags, args, io, client }) => {
  if (flags.on("all") === args.length > 0) throw new Error("either builds or --all must be given");
  const api = (await client()).build;
  if (flags.on("all")) {
    for (const { id } of await api.forgetAll()) io.stdout.write(`${id}\n`);
    return 0;
  }
  // Found before one is forgotten: ^0 and ^1 mean what they meant when they were typed.
  const found = new Map<string, string>();
  return eachOf(args, io, async (reference) => {
    const { id } = await findBuild(api, reference);
    if (found.has(id)) return undefined;
    found.set(id, reference);
    return (await api.forget(id)).id;
  });
};

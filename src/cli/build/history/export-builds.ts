import { BerthError } from "#base/errors.ts";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import type { Handler } from "../../command.ts";
import { encodeBundle, type BundledBuild } from "./build-bundle.ts";
import { findBuild } from "./find-build.ts";

/** `builder history export`: into a file, or to standard output. What goes on is refused: there is nothing to finalize. */
export const exportBuilds: Handler = async ({ flags, args, io, client }) => {
  const api = (await client()).build;
  const output = flags.text("output");
  if (flags.on("all") && args.length > 0) throw new Error("either builds or --all must be given");
  if (output === "" && io.stdout.isTerminal())
    throw new BerthError("invalid-parameter", "refusing to write to console, use --output to specify a file");
  const wanted = new Map<string, BuildHistoryEntry>();
  if (flags.on("all")) for (const entry of await api.history()) wanted.set(entry.id, entry);
  else
    for (const reference of args.length === 0 ? [""] : args) {
      const entry = await findBuild(api, reference);
      wanted.set(entry.id, entry);
    }
  const over = [...wanted.values()].filter(({ status }) => status !== "running");
  const [running] = [...wanted.values()].filter(({ status }) => status === "running");
  if (running !== undefined && !flags.on("all"))
    throw new BerthError("conflict", `build ${running.id} is still running`);
  if (over.length === 0) throw new BerthError("not-found", "no record found");
  const builds: BundledBuild[] = [];
  for (const entry of over) builds.push({ entry, log: await api.historyLogBytes(entry.id) });
  const bundle = encodeBundle(builds);
  if (output === "") io.stdout.write(bundle);
  else io.writeFile(output, bundle, 0o644);
  return 0;
};

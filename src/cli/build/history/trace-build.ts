import type { BuildMessage } from "#client/build-lines.ts";
import type { Handler } from "../../command.ts";
import { tracesOf, type TracedBuild } from "./build-trace.ts";
import { findBuild } from "./find-build.ts";

/** `builder history trace`: a build's steps in time, for programs that show traces; with `--compare` those of another one too. */
export const traceBuild: Handler = async ({ flags, args, io, client }) => {
  const api = (await client()).build;
  const references = [args[0] ?? "", ...(flags.given("compare") ? [flags.text("compare")] : [])];
  const builds: TracedBuild[] = [];
  for (const reference of references) {
    const entry = await findBuild(api, reference);
    const lines: BuildMessage[] = [];
    for await (const line of await api.historyLog(entry.id)) lines.push(line);
    builds.push({ entry, lines });
  }
  const traces = Buffer.from(`${JSON.stringify(tracesOf(builds), undefined, 2)}\n`);
  const output = flags.text("output");
  if (output === "") io.stdout.write(traces);
  else io.writeFile(output, traces, 0o644);
  return 0;
};

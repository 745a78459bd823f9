import type { Handler } from "../../command.ts";
import { inputFile } from "../../image/input-file.ts";
import { stdinBytes } from "../../image/stdin-bytes.ts";
import { decodeBundle } from "./build-bundle.ts";

/** `builder history import`: builds from bundles, into the engine's history; the id of each that it did not know. */
export const importBuilds: Handler = async ({ flags, args, io, client }) => {
  const files = flags.list("file");
  if (args.some((arg) => arg !== "-")) throw new Error("a bundle comes on standard input (-), or from a --file");
  if (files.length > 0 && args.length > 0) throw new Error("either - or --file must be given");
  if (files.length === 0 && io.stdin.isTerminal()) throw new Error("no bundle given: use --file, or standard input");
  const sources = files.length === 0 ? [stdinBytes(io.stdin)] : [];
  for (const file of files) sources.push(await inputFile(io, file));
  const bundles = [];
  for (const source of sources) bundles.push(...(await decodeBundle(source)));
  const api = (await client()).build;
  for (const { entry, log } of bundles) {
    const { Id, Added } = await api.importBuild(entry, log);
    if (Added) io.stdout.write(`${Id}\n`);
    else io.stderr.write(`${Id} is there already\n`);
  }
  return 0;
};

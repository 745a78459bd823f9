import { BerthError } from "#base/errors.ts";
import { canonicalName, canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { platformJson } from "./platform-json.ts";
import { showProgress } from "./progress.ts";
import { registryAuth } from "./registry-auth.ts";

/** `push`: progress on stdout, or with `--quiet` the pushed name alone. */
export const push: Handler = async (invocation) => {
  const { flags, args, io, config, client } = invocation;
  if (args[0]?.startsWith("ssh://") === true) return (await import("./push-to-host.ts")).pushToHost(invocation);
  const allTags = flags.on("all-tags");
  const quiet = flags.on("quiet");
  const given = parseReference(args[0] ?? "");
  if (allTags && (given.tag !== undefined || given.digest !== undefined))
    throw new BerthError("invalid-parameter", "tag can't be used with --all-tags/-a");
  const reference = allTags ? given : withDefaultTag(given);
  if (!allTags && given.tag === undefined && given.digest === undefined && !quiet)
    io.stdout.write(`Using default tag: ${reference.tag ?? ""}\n`);
  const platform = platformJson(flags.text("platform"));
  const compression = flags.text("compression");
  const api = await client();
  const messages = await api.images.push({
    image: canonicalName(reference),
    registryAuth: await registryAuth(config, io, reference.domain),
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    ...(platform === "" ? {} : { platform }),
    ...(compression === "" ? {} : { compression }),
  });
  const instead: string[] = [];
  await showProgress(messages, quiet ? undefined : io.stdout, (aux) => instead.push(...pushedInstead(aux)));
  for (const note of instead) io.stderr.write(note);
  if (quiet) io.stdout.write(`${canonicalString(reference)}\n`);
  return 0;
};

/** What the engine says when it pushed one image in an index's place. */
function pushedInstead(aux: unknown): readonly string[] {
  const { manifestPushedInsteadOfIndex, originalIndex, selectedManifest } = aux as {
    readonly manifestPushedInsteadOfIndex?: boolean;
    readonly originalIndex?: { readonly digest: string };
    readonly selectedManifest?: { readonly digest: string };
  };
  if (manifestPushedInsteadOfIndex !== true) return [];
  return [
    "\nNot every platform of the image is here: the one that is was pushed instead of the index\n" +
      `${originalIndex?.digest ?? ""} -> ${selectedManifest?.digest ?? ""}\n`,
  ];
}

import { BerthError } from "#base/errors.ts";
import { canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { pullImage } from "./pull-image.ts";

/** `pull`: progress on stdout, at the end the image's full name. Several platforms come one after the other. */
export const pull: Handler = async (invocation) => {
  const { flags, args, io } = invocation;
  const allTags = flags.on("all-tags");
  const quiet = flags.on("quiet");
  const given = parseReference(args[0] ?? "");
  const named = given.tag !== undefined || given.digest !== undefined;
  if (allTags && named) throw new BerthError("invalid-parameter", "tag can't be used with --all-tags/-a");
  const reference = allTags ? given : withDefaultTag(given);
  if (!allTags && !named && !quiet) io.stdout.write(`Using default tag: ${reference.tag ?? ""}\n`);
  const platforms = flags.list("platform");
  for (const platform of platforms.length === 0 ? [""] : platforms)
    await pullImage(invocation, { reference, allTags, platform, output: quiet ? undefined : io.stdout });
  io.stdout.write(`${canonicalString(reference)}\n`);
  return 0;
};

import { BerthError } from "#base/errors.ts";
import { canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { pullImage } from "./pull-image.ts";

/** `pull`: progress on stdout, at the end the image's full name. */
export const pull: Handler = async (invocation) => {
  const { flags, args, io } = invocation;
  const allTags = flags.on("all-tags");
  const quiet = flags.on("quiet");
  const given = parseReference(args[0] ?? "");
  const named = given.tag !== undefined || given.digest !== undefined;
  if (allTags && named) throw new BerthError("invalid-parameter", "tag can't be used with --all-tags/-a");
  const reference = allTags ? given : withDefaultTag(given);
  if (!allTags && !named && !quiet) io.stdout.write(`Using default tag: ${reference.tag ?? ""}\n`);
  await pullImage(invocation, {
    reference,
    allTags,
    platform: flags.text("platform"),
    output: quiet ? undefined : io.stdout,
  });
  io.stdout.write(`${canonicalString(reference)}\n`);
  return 0;
};

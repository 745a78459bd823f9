import { BerthError } from "#base/errors.ts";
import { canonicalName, canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { platformJson } from "./platform-json.ts";
import { showProgress } from "./progress.ts";
import { registryAuth } from "./registry-auth.ts";

/** `push`: progress on stdout, or with `--quiet` the pushed name alone. */
export const push: Handler = async ({ flags, args, io, config, client }) => {
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
  await showProgress(messages, quiet ? undefined : io.stdout);
  if (quiet) io.stdout.write(`${canonicalString(reference)}\n`);
  return 0;
};

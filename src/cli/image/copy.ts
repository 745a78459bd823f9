import { canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { showProgress } from "./progress.ts";
import { registryAuth } from "./registry-auth.ts";

/** `image cp`: an image from registry to registry, every platform of it, without pulling it. */
export const copyImage: Handler = async ({ flags, args, io, config, client }) => {
  const from = withDefaultTag(parseReference(args[0] ?? ""));
  const to = withDefaultTag(parseReference(args[1] ?? ""));
  const api = await client();
  const auth = {
    from: await registryAuth(config, io, from.domain),
    to: await registryAuth(config, io, to.domain),
  };
  const messages = await api.images.copy({ From: canonicalString(from), To: canonicalString(to) }, auth);
  await showProgress(messages, flags.on("quiet") ? undefined : io.stdout);
  if (flags.on("quiet")) io.stdout.write(`${canonicalString(to)}\n`);
  return 0;
};

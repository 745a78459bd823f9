import { BerthError, messageOf } from "#base/errors.ts";
import { canonicalString, parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { ListStore, type ListedManifest } from "./list-store.ts";
import { fetchManifest, isIndex, listed } from "./registry-manifest.ts";

/** `manifest create`: begin a list, or with `--amend` go on with one. Nothing is kept unless every image is there. */
export const createList: Handler = async (invocation) => {
  const { args, flags, io, config } = invocation;
  const [target = "", ...images] = args;
  const list = canonicalString(nameOf(target, `manifest list ${target}`));
  const store = new ListStore(io, config);
  if (store.all(list).length > 0 && !flags.on("amend"))
    throw new BerthError("conflict", "refusing to amend an existing manifest list with no --amend flag");
  const found: ListedManifest[] = [];
  for (const image of images) {
    const reference = nameOf(image, `image ${image}`);
    const name = canonicalString(reference);
    const known = store.find(list, name);
    if (known !== undefined) {
      found.push(known);
      continue;
    }
    const manifest = await fetchManifest(invocation, reference, flags.on("insecure"));
    if (isIndex(manifest)) throw new BerthError("invalid-parameter", `${name} is a manifest list`);
    found.push(listed(manifest, name));
  }
  for (const manifest of found) store.save(list, manifest);
  io.stdout.write(`Created manifest list ${list}\n`);
  return 0;
};

function nameOf(text: string, what: string): Reference {
  try {
    return withDefaultTag(parseReference(text));
  } catch (cause) {
    throw new BerthError("invalid-parameter", `error parsing name for ${what}: ${messageOf(cause)}`, { cause });
  }
}

import { BerthError } from "#base/errors.ts";
import type { ImageIndex } from "#spec/oci/image.ts";
import { canonicalString, parseReference, withDefaultTag, withDigest, type Reference } from "#spec/oci/reference.ts";
import type { Handler, Invocation } from "../command.ts";
import { listDocument, printedIndex } from "./list-document.ts";
import { ListStore, type ListedManifest } from "./list-store.ts";
import { fetchManifest, isIndex, listed } from "./registry-manifest.ts";

/** `manifest inspect`: a list that is being put together, an image of it, or what a registry has. */
export const inspectManifest: Handler = async (invocation) => {
  const { args, flags, io } = invocation;
  const [first = "", second] = args;
  io.stdout.write(
    `${await (second === undefined ? oneName(invocation, first) : ofList(invocation, first, second, flags.on("verbose")))}\n`,
  );
  return 0;
};

async function ofList({ io, config }: Invocation, list: string, image: string, verbose: boolean): Promise<string> {
  const name = canonicalString(withDefaultTag(parseReference(image)));
  const found = new ListStore(io, config).find(canonicalString(withDefaultTag(parseReference(list))), name);
  if (found === undefined) throw new BerthError("not-found", `No such manifest: ${name}`);
  return verbose ? tabbed(found) : manifestText(found);
}

async function oneName(invocation: Invocation, text: string): Promise<string> {
  const { io, config, flags } = invocation;
  const reference = withDefaultTag(parseReference(text));
  const name = canonicalString(reference);
  const verbose = flags.on("verbose");
  const list = new ListStore(io, config).all(name);
  if (list.length > 0) return verbose ? tabbed(list) : listDocument(list);
  const manifest = await fetchManifest(invocation, reference, flags.on("insecure"));
  if (!isIndex(manifest)) {
    const one = listed(manifest, name);
    return verbose ? tabbed(one) : manifestText(one);
  }
  const raw = Buffer.from(manifest.Raw, "base64").toString();
  return verbose ? tabbed(await membersOf(invocation, reference, raw)) : printedIndex(raw);
}

/** The manifests that an index names, fetched one by one. */
async function membersOf(
  invocation: Invocation,
  reference: Reference,
  raw: string,
): Promise<readonly ListedManifest[]> {
  const members: ListedManifest[] = [];
  for (const { digest, platform } of (JSON.parse(raw) as ImageIndex).manifests) {
    const place = withDigest({ ...reference, tag: undefined }, digest);
    const manifest = await fetchManifest(invocation, place, invocation.flags.on("insecure"));
    members.push(listed(manifest, `${canonicalString(reference)}@${digest}`, platform));
  }
  return members;
}

function manifestText({ Raw }: ListedManifest): string {
  return tabbed(JSON.parse(Buffer.from(Raw, "base64").toString()));
}

const tabbed = (value: unknown): string => JSON.stringify(value, undefined, "\t");

import { BerthError } from "#base/errors.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { canonicalName, canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { registryAuth } from "../image/registry-auth.ts";
import { listDocument } from "./list-document.ts";
import { ListStore } from "./list-store.ts";

/** `manifest push`: a list to its registry; images of other repositories there are taken over. Prints its digest. */
export const pushList: Handler = async ({ args, flags, io, config, client }) => {
  const reference = withDefaultTag(parseReference(args[0] ?? ""));
  const name = canonicalString(reference);
  const store = new ListStore(io, config);
  const manifests = store.all(name);
  if (manifests.length === 0) throw new BerthError("not-found", `No such manifest: ${name}`);
  const sources = manifests.map(({ Ref, Descriptor: { digest, platform } }) => {
    const from = parseReference(Ref);
    if (from.domain !== reference.domain) {
      throw new BerthError(
        "invalid-parameter",
        `cannot use source images from a different registry than the target image: ${from.domain} != ${reference.domain}`,
      );
    }
    if (!platform?.os || !platform.architecture) {
      throw new BerthError(
        "invalid-parameter",
        `manifest ${Ref} must have an OS and Architecture to be pushed to a registry`,
      );
    }
    return { isHere: from.path === reference.path, name: `${canonicalName(from)}@${digest}` };
  });
  const api = await client();
  const pushed = await api.images.pushManifestList(
    {
      Name: name,
      MediaType: MEDIA_TYPE.dockerManifestList,
      Raw: Buffer.from(listDocument(manifests)).toString("base64"),
      Sources: sources.filter(({ isHere }) => !isHere).map((source) => source.name),
      Insecure: flags.on("insecure"),
    },
    await registryAuth(config, io, reference.domain),
  );
  for (const taken of pushed.Taken)
    io.stdout.write(`Pushed ref ${taken} with digest: ${taken.slice(taken.indexOf("@") + 1)}\n`);
  io.stdout.write(`${pushed.Digest}\n`);
  if (flags.on("purge")) store.remove(name);
  return 0;
};

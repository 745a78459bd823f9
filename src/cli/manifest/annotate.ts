import { BerthError } from "#base/errors.ts";
import type { DescriptorPlatform } from "#spec/oci/image.ts";
import { canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { ListStore } from "./list-store.ts";

/** docker-compat: the pairs that docker lets into a list. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  darwin: ["386", "amd64", "arm", "arm64"],
  dragonfly: ["amd64"],
  freebsd: ["386", "amd64", "arm"],
  linux: ["386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64le", "riscv64", "s390x"],
  netbsd: ["386", "amd64", "arm"],
  openbsd: ["386", "amd64", "arm"],
  plan9: ["386", "amd64"],
  solaris: ["amd64"],
  windows: ["386", "amd64", "arm", "arm64"],
};

/** `manifest annotate`: what a list says of one of its images. */
export const annotateManifest: Handler = async ({ args, flags, io, config }) => {
  const [target = "", image = ""] = args;
  const list = canonicalString(withDefaultTag(parseReference(target)));
  const store = new ListStore(io, config);
  const manifest = store.find(list, canonicalString(withDefaultTag(parseReference(image))));
  if (manifest === undefined)
    throw new BerthError("not-found", `manifest for image ${image} does not exist in ${target}`);
  const platform = annotated(manifest.Descriptor.platform, flags);
  if (ARCHITECTURES[platform.os]?.includes(platform.architecture) !== true) {
    throw new BerthError(
      "invalid-parameter",
      `manifest entry for image has unsupported os/arch combination: ${flags.text("os")}/${flags.text("arch")}`,
    );
  }
  store.save(list, { ...manifest, Descriptor: { ...manifest.Descriptor, platform } });
  return 0;
};

function annotated(before: DescriptorPlatform | undefined, flags: FlagValues): DescriptorPlatform {
  const variant = flags.text("variant") || before?.variant;
  const version = flags.text("os-version") || before?.["os.version"];
  const features = [...new Set([...(before?.["os.features"] ?? []), ...flags.list("os-features")])];
  return {
    architecture: flags.text("arch") || (before?.architecture ?? ""),
    os: flags.text("os") || (before?.os ?? ""),
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features.length === 0 ? {} : { "os.features": features }),
    ...(variant === undefined ? {} : { variant }),
  };
}

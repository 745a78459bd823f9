import { extractPackages } from "./extracted-packages.ts";

/** Debian's buildah, unpacked into the cache. */
export function buildahDir(): Promise<string> {
  return extractPackages("buildah", ["buildah"]);
}

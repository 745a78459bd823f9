import { BerthError } from "#base/errors.ts";
import { parsePlatform, platformRank, type Platform } from "#spec/oci/platform.ts";
import type { Annotation } from "./types.ts";

const PLACES = ["manifest-descriptor", "index-descriptor", "manifest", "index"] as const;
/** `annotation-manifest[linux/amd64].KEY`, as BuildKit's exporters name it; without a place a manifest's. */
const ATTRIBUTE =
  /^annotation(?:-(?<place>manifest-descriptor|index-descriptor|manifest|index))?(?:\[(?<platform>[^\]]*)\])?\.(?<key>.+)$/;

/** An annotation that came as an exporter's attribute. `invalid-parameter` for what is none. */
export function annotationOf(name: string, value: string, host: Platform): Annotation {
  const groups = ATTRIBUTE.exec(name)?.groups;
  if (groups === undefined) throw new BerthError("invalid-parameter", `${name} is no annotation`);
  const { place, platform, key = "" } = groups;
  const at = PLACES.find((known) => known === place) ?? "manifest";
  if (platform !== undefined && at.startsWith("index"))
    throw new BerthError("invalid-parameter", `an annotation of an index is of no platform: ${name}`);
  return { at, platform: platform === undefined ? undefined : parsePlatform(platform, host), key, value };
}

/** Those of one place; a later one of the same key wins. */
export function annotationsAt(
  annotations: readonly Annotation[],
  at: Annotation["at"],
  platform: Platform | undefined,
): Readonly<Record<string, string>> {
  const here = annotations.filter(
    (one) =>
      one.at === at &&
      (one.platform === undefined || platform === undefined || platformRank(one.platform, platform) === 0),
  );
  return Object.fromEntries(here.map(({ key, value }) => [key, value]));
}

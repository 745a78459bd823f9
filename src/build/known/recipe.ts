import type { BuildRequest } from "../build-request.ts";
import { isOn } from "../graph/build-args.ts";

/**
 * All that a build is asked for, as text; undefined for one that does more than find an image's steps and put the image into
 * the store, or whose files are not those of folders that stay.
 */
export function recipeOf(request: BuildRequest): string | undefined {
  const { dockerfile, contexts, options, settings, targets, allowInsecure, allowedDevices, epochSeconds } = request;
  const [target, ...others] = targets;
  if (target?.kind !== "image" || !target.store || target.push || others.length > 0 || asksForMore(request))
    return undefined;
  const folders = [...contexts].map(([name, { path, lasting, fetch }]) =>
    lasting && fetch === undefined ? ([name, path] as const) : undefined,
  );
  if (folders.includes(undefined)) return undefined;
  const { buildArgs, labels, contexts: named } = options;
  return JSON.stringify([
    dockerfile,
    folders,
    { ...options, buildArgs: [...buildArgs], labels: [...labels], contexts: [...named] },
    settings.hosts,
    target,
    allowInsecure,
    allowedDevices === "all" ? allowedDevices : [...allowedDevices],
    epochSeconds,
  ]);
}

function asksForMore({ call, pull, squash, cacheFrom, cacheTo, attestations, options }: BuildRequest): boolean {
  const { noCache, platforms, buildArgs } = options;
  return (
    call !== "build" ||
    pull ||
    squash ||
    cacheFrom.length + cacheTo.length > 0 ||
    attestations.provenance !== undefined ||
    attestations.sbom ||
    noCache !== false ||
    platforms.length > 1 ||
    isOn(buildArgs.get("BUILDKIT_MULTI_PLATFORM"))
  );
}

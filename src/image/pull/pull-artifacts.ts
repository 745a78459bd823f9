import { shortId } from "#base/ids.ts";
import type { Lease } from "#content/leases.ts";
import { canonicalName, withDigest, type Reference } from "#spec/oci/reference.ts";
import { recordArtifact } from "../artifact.ts";
import { referenceSuffix } from "../image-catalog.ts";
import { recordIndex } from "../make/record-index.ts";
import type { OnProgress } from "../shared-work.ts";
import type { ImageSource } from "../source.ts";
import { allOrNone } from "./all-or-none.ts";
import type { FetchedArtifact, FetchedArtifacts } from "./fetch-image.ts";
import type { PullDeps, PullResult } from "./pull-deps.ts";

/** Artifacts' parts are kept as they are. Those of an index are recorded when the parts of all are here. */
export async function pullArtifacts(
  deps: PullDeps,
  request: {
    readonly fetched: FetchedArtifact | FetchedArtifacts;
    readonly source: ImageSource;
    readonly reference: Reference;
    readonly lease: Lease;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
  },
): Promise<PullResult> {
  const { fetched, reference, lease, onProgress } = request;
  const [artifacts, top] = "artifacts" in fetched ? [fetched.artifacts, fetched.index] : [[fetched], fetched.document];
  await fetchParts(deps, { ...request, artifacts });
  const byDigest = withDigest(reference, top.digest);
  const names = reference.digest === undefined ? [reference, byDigest] : [byDigest];
  const lacking = names.filter((name) => {
    const row = deps.rows.findReference(canonicalName(name), referenceSuffix(name));
    return ("artifacts" in fetched ? row?.indexDigest : row?.imageId) !== top.digest;
  });
  const record = ({ manifest, document, artifactType }: FetchedArtifact, name: (id: string) => void) =>
    recordArtifact(deps, { manifest, document, type: artifactType }, lease, name);
  const nameIt = (imageId: string): void => {
    for (const name of lacking) {
      const row = { name: canonicalName(name), suffix: referenceSuffix(name), imageId, indexDigest: undefined };
      deps.rows.putReference(row, deps.now());
    }
  };
  const imageIds: string[] = [];
  for (const artifact of artifacts) imageIds.push(await record(artifact, "artifacts" in fetched ? () => {} : nameIt));
  const imageId =
    "artifacts" in fetched
      ? await recordIndex(deps, { document: top, imageIds, attached: [], references: lacking }, lease)
      : top.digest;
  onProgress({ status: `Digest: ${top.digest}` });
  return { imageId, isNew: lacking.length > 0 };
}

async function fetchParts(
  deps: PullDeps,
  request: {
    readonly artifacts: readonly FetchedArtifact[];
    readonly source: ImageSource;
    readonly lease: Lease;
    readonly signal: AbortSignal;
    readonly onProgress: OnProgress;
  },
): Promise<void> {
  const { source, lease, onProgress } = request;
  const all = request.artifacts.flatMap(({ manifest }) => [...manifest.layers, manifest.config]);
  const parts = new Map(all.map((part) => [part.digest, part]));
  for (const { digest } of parts.values()) {
    lease.hold(digest);
    const status = deps.blobs.has(digest) ? "Already exists" : "Pulling fs layer";
    onProgress({ status, progressDetail: {}, id: shortId(digest) });
  }
  await allOrNone(request.signal, [...parts.values()], async (descriptor, signal) => {
    if (!deps.rows.isBlobUsed(descriptor.digest) || !deps.blobs.has(descriptor.digest))
      await deps.fetcher.fetchBlob({ descriptor, source, signal, onProgress });
  });
}

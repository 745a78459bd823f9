import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import type { AttachedManifest } from "../export/make-bundle.ts";
import type { PrintedImage } from "../export/types.ts";
import type { FileTree } from "../solver/types.ts";
import { attachStatements } from "./attach.ts";
import type { Attestations } from "./attest-options.ts";
import { PROVENANCE_TYPE, provenanceOf, type ProvenanceFacts } from "./provenance.ts";
import { SCAN_TASK, type ScannedTree } from "./scan/scan-task.ts";
import { SPDX_TYPE, spdxDocument } from "./spdx.ts";
import { statementOf, type Statement } from "./statement.ts";

export interface AttestDeps {
  readonly blobs: BlobStore;
  readonly streams: Pick<HelperStreams, "run">;
  /** Of this program. */
  readonly version: string;
}

export interface AttestRequest {
  readonly wanted: Attestations;
  /** All but what `wanted` says. */
  readonly facts: Omit<ProvenanceFacts, "mode" | "builderId" | "reproducible">;
  readonly image: PrintedImage;
  readonly tree: FileTree;
  readonly references: readonly Reference[];
  readonly lease: Lease;
}

/** What is said of one platform's image, as a manifest beside it, and the provenance for the client's metadata. */
export async function attestImage(
  deps: AttestDeps,
  request: AttestRequest,
): Promise<{ readonly attached: AttachedManifest; readonly provenance: object | undefined }> {
  const { wanted, facts, image, references, lease } = request;
  const { digest } = image.published.document;
  const subject = { references, platform: image.platform, digest };
  const statements: Statement[] = [];
  if (wanted.sbom) {
    const scanned = (await deps.streams.run(SCAN_TASK, { tree: request.tree as unknown as Json })) as unknown;
    const { distribution, packages } = scanned as ScannedTree;
    const [first] = references;
    const name = first === undefined ? digest : familiarString(first);
    const document = spdxDocument({ name, distribution, packages, created: facts.finishedAt, version: deps.version });
    statements.push(statementOf(SPDX_TYPE, document, subject));
  }
  const provenance = wanted.provenance === undefined ? undefined : provenanceOf({ ...facts, ...wanted.provenance });
  if (provenance !== undefined) statements.push(statementOf(PROVENANCE_TYPE, provenance, subject));
  return { attached: await attachStatements(deps.blobs, statements, digest, lease), provenance };
}

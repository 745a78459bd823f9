import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import type { AttachedManifest } from "../export/make-bundle.ts";
import type { StatementFile } from "../export/files-task.ts";
import type { PrintedImage } from "../export/types.ts";
import type { FileTree } from "../solver/types.ts";
import { attachStatements } from "./attach.ts";
import type { Attestations } from "./attest-options.ts";
import { PROVENANCE_TYPE, provenanceOf, type ProvenanceFacts } from "./provenance.ts";
import { SCAN_TASK, type ScannedTree } from "./scan/scan-task.ts";
import { SPDX_TYPE, spdxDocument } from "./spdx.ts";
import { statementOf } from "./statement.ts";

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
  readonly tree: FileTree;
}

/** What is said of something, without its name. */
interface Said {
  readonly predicateType: string;
  readonly predicate: object;
}

/** What is said of one platform's image, as a manifest beside it, and the provenance for the client's metadata. */
export async function attestImage(
  deps: AttestDeps,
  request: AttestRequest & {
    readonly image: PrintedImage;
    readonly references: readonly Reference[];
    readonly lease: Lease;
  },
): Promise<{ readonly attached: AttachedManifest; readonly provenance: object | undefined }> {
  const { image, references, lease } = request;
  const { digest } = image.published.document;
  const [first] = references;
  const all = await attest(deps, request, first === undefined ? digest : familiarString(first));
  const subject = { references, platform: image.platform, digest };
  const statements = all.map(({ predicateType, predicate }) => statementOf(predicateType, predicate, subject));
  return { attached: await attachStatements(deps.blobs, statements, digest, lease), provenance: provenanceIn(all) };
}

/** docker-compat: BuildKit's names of the files. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  [SPDX_TYPE]: "sbom.spdx.json",
  [PROVENANCE_TYPE]: "provenance.json",
};

/** What is said of one platform's files, as files beside them. */
export async function attestFiles(
  deps: AttestDeps,
  request: AttestRequest,
): Promise<{ readonly statements: readonly StatementFile[]; readonly provenance: object | undefined }> {
  const all = await attest(deps, request, "files");
  const statements = all.map(({ predicateType, predicate }) => ({
    name: FILE_NAMES[predicateType] ?? "",
    predicateType,
    predicate: predicate as Json,
  }));
  return { statements, provenance: provenanceIn(all) };
}

/** `name`: of what the SBOM describes. */
async function attest(
  deps: AttestDeps,
  { wanted, facts, tree }: AttestRequest,
  name: string,
): Promise<readonly Said[]> {
  const said: Said[] = [];
  if (wanted.sbom) {
    const scanned = (await deps.streams.run(SCAN_TASK, { tree: tree as unknown as Json })) as unknown;
    const { distribution, packages } = scanned as ScannedTree;
    const predicate = spdxDocument({ name, distribution, packages, created: facts.finishedAt, version: deps.version });
    said.push({ predicateType: SPDX_TYPE, predicate });
  }
  if (wanted.provenance !== undefined)
    said.push({ predicateType: PROVENANCE_TYPE, predicate: provenanceOf({ ...facts, ...wanted.provenance }) });
  return said;
}

const provenanceIn = (all: readonly Said[]): object | undefined =>
  all.find(({ predicateType }) => predicateType === PROVENANCE_TYPE)?.predicate;

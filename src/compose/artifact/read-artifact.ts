import { BerthError } from "#base/errors.ts";
import type { RegistryArtifact } from "#spec/berth/registry-artifacts.ts";
import { artifactAnnotations, artifactTypes } from "./media-types.ts";

interface Entry {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Document {
  readonly artifactType?: string;
  readonly config?: Entry;
  readonly layers?: readonly Entry[];
  readonly manifests?: readonly Entry[];
}

const documentOf = ({ Raw }: RegistryArtifact): Document =>
  JSON.parse(Buffer.from(Raw, "base64").toString()) as Document;

export const isIndex = (artifact: RegistryArtifact): boolean => documentOf(artifact).manifests !== undefined;

/** The digest of the project in an index of images and a project. `invalid-parameter` when there is none. */
export function composeFileOf(index: RegistryArtifact, name: string): string {
  const { manifests = [] } = documentOf(index);
  const found = manifests.find(({ artifactType }) => artifactType === artifactTypes.project);
  if (found !== undefined) return found.digest;
  throw new BerthError("invalid-parameter", `OCI index ${name} doesn't refer to compose artifacts`);
}

/**
 * The files of a published project by their names: `compose.yaml`, several of them one document after the other, and what they
 * extend and read variables from. `invalid-parameter` for what is no project, and for names that are paths.
 */
export function filesOf(artifact: RegistryArtifact, name: string): ReadonlyMap<string, string> {
  const { artifactType = "", config, layers = [] } = documentOf(artifact);
  const isProject =
    artifactType === artifactTypes.project || (artifactType === "" && config?.mediaType === artifactTypes.emptyConfig);
  if (!isProject)
    throw new BerthError(
      "invalid-parameter",
      `${name} is not a compose project OCI artifact, but ${artifactType || "an image"}`,
    );
  const blobs = new Map(artifact.Blobs.map(({ Digest, Raw }) => [Digest, Buffer.from(Raw, "base64").toString()]));
  const files = new Map<string, string>();
  const projectFiles: string[] = [];
  for (const { mediaType, digest, annotations = {} } of layers) {
    const content = blobs.get(digest) ?? "";
    if (mediaType === artifactTypes.environmentFile)
      files.set(plainName(annotations[artifactAnnotations.environmentFile], name), content);
    else if (mediaType === artifactTypes.composeFile && artifactAnnotations.extended in annotations)
      files.set(plainName(annotations[artifactAnnotations.composeFile], name), content);
    else if (mediaType === artifactTypes.composeFile) projectFiles.push(content);
  }
  files.set("compose.yaml", projectFiles.join("\n---\n"));
  return files;
}

function plainName(file: string | undefined, artifact: string): string {
  if (file !== undefined && /^[^/\\\0]+$/u.test(file) && !/^\.{1,2}$/u.test(file)) return file;
  throw new BerthError(
    "invalid-parameter",
    `invalid OCI artifact ${artifact}: a file is called ${JSON.stringify(file ?? "")}`,
  );
}

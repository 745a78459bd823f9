import type { RegistryContext } from "../context.ts";
import type { RepositoryRow } from "../database/repository-rows.ts";
import { describeImage } from "../images/describe-image.ts";

const README_TAG = "readme";
const MAX_README_BYTES = 256 * 1024;

/**
 * What a repository says about itself, in Markdown: what was set for it, or the Markdown file that was pushed as an
 * artifact under the tag `readme`, or the description among the annotations of `latest` (image-spec "Pre-Defined
 * Annotation Keys"). Empty when there is nothing.
 */
export async function readmeOf(context: RegistryContext, repository: RepositoryRow): Promise<string> {
  if (repository.readme !== "") return repository.readme;
  const artifact = context.manifests.byTag(repository.id, README_TAG);
  if (artifact !== undefined) {
    const [image] = (await describeImage(context, repository.id, artifact)).platforms;
    const file = image?.layers.find(({ mediaType }) => mediaType === "text/markdown");
    if (file !== undefined && file.sizeBytes <= MAX_README_BYTES) return textOf(context, file.digest);
  }
  const latest = context.manifests.byTag(repository.id, "latest");
  return latest?.annotations?.["org.opencontainers.image.description"] ?? "";
}

async function textOf(context: RegistryContext, digest: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.storage.read(digest, 0)) chunks.push(chunk.slice());
  return new TextDecoder().decode(Buffer.concat(chunks));
}

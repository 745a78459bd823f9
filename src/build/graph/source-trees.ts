import type { Platform } from "#spec/oci/platform.ts";
import { wrong } from "../dockerfile/dockerfile-error.ts";
import { parseGitUrl } from "./git-url.ts";
import type { GraphWriter } from "./graph-writer.ts";
import type { ConvertOptions, MainContext, NamedContext } from "./options.ts";
import type { StageSource } from "./stage-sources.ts";
import type { GitSource, Operation, Tree, Vertex } from "./types.ts";

type ImageOrigin = StageSource & { readonly type: "image" };

/** What of a vertex is known where a source is asked for. */
export type VertexFacts = Pick<Vertex, "platform" | "name" | "instruction" | "stage" | "location">;

/** The build context's tree: a vertex when the first instruction reads it. */
export function mainContextTree(writer: GraphWriter, { context, buildPlatform }: ConvertOptions): Tree {
  return contextTree(writer, "context", context, buildPlatform, {
    local: "[internal] load build context",
    git: "[internal] load git source",
  });
}

/** The tree of a context that `--build-context` named. */
export function namedContextTree(
  writer: GraphWriter,
  name: string,
  context: Exclude<NamedContext, { type: "image" }>,
  platform: Platform,
): Tree {
  if (context.type === "http") return archiveTree(writer, name, context.url, platform);
  if (context.type === "oci-layout") throw wrong(`context ${name} is an image layout without an image`);
  return contextTree(writer, name, context, platform, {
    local: `[context ${name}] load from client`,
    git: `[context ${name}] load git source`,
  });
}

/** An image's files; undefined for one without layers. */
export function imageTree(writer: GraphWriter, origin: ImageOrigin, facts: VertexFacts, ignoreCache: boolean): Tree {
  const { reference, image, layout } = origin;
  if (image.config.rootfs.diff_ids.length === 0) return undefined;
  const { digest } = image;
  const operation: Operation =
    layout === undefined
      ? { kind: "image", reference, digest }
      : { kind: "oci-layout", context: layout, reference, digest };
  return writer.addSource({ ...facts, operation, ignoreCache });
}

/** How an image is shown, its digest behind its name. */
export function shownImage({ reference, image }: ImageOrigin): string {
  return reference.includes("@") || reference === image.digest ? reference : `${reference}@${image.digest}`;
}

function contextTree(
  writer: GraphWriter,
  name: string,
  context: MainContext | Extract<NamedContext, { type: "local" | "git" }>,
  platform: Platform,
  names: Readonly<Record<"local" | "git", string>>,
): Tree {
  if (context.type === "none") return undefined;
  if (context.type === "git") {
    const operation = gitOperation(context.url);
    return writer.addSource({ ...internal(`${names.git} ${context.url}`, platform), operation });
  }
  return writer.addContext({ name, excludes: context.ignoreLines }, internal(names.local, platform));
}

/** A tar archive by HTTP, laid out. */
function archiveTree(writer: GraphWriter, name: string, url: string, platform: Platform): Tree {
  const filename = "context";
  const from = writer.addSource({
    ...internal(`[context ${name}] load remote build context ${url}`, platform),
    operation: { kind: "http", url, checksum: undefined, filename },
  });
  return writer.addSource({
    ...internal(`[context ${name}] extract`, platform),
    operation: {
      kind: "copy",
      base: undefined,
      sources: [{ type: "tree", from, path: `/${filename}`, unpack: true, fileMode: undefined }],
      destination: "/",
      destinationIsDirectory: true,
      owner: undefined,
      mode: undefined,
      link: false,
      parents: false,
      excludes: [],
    },
  });
}

function gitOperation(url: string): GitSource {
  const git = parseGitUrl(url);
  if (git === undefined) throw wrong(`${url} is not the address of a git repository`);
  return {
    kind: "git",
    remote: git.remote,
    ref: git.ref,
    subdirectory: git.subdirectory,
    keepGitDirectory: git.keepGitDirectory ?? false,
    checksum: git.checksum,
    submodules: git.submodules ?? true,
  };
}

function internal(name: string, platform: Platform): Omit<Vertex, "operation"> {
  return { platform, name, instruction: "", stage: "internal", location: undefined, ignoreCache: false };
}

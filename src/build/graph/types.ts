import type { ImageConfig } from "#spec/oci/image.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { LintWarning, SourceRange } from "../dockerfile/types.ts";

/**
 * What a build does, as plain data. `convert` makes it of a Dockerfile, the solver carries it out. There are no cache keys
 * and no times in it.
 *
 *     image ──► mkdir ──► exec ──► copy ──► result.root
 *                          ▲ mounts  ▲ sources
 *                       context     exec of another stage
 *
 * Every vertex has one output: a file tree. `exec`, `copy` and `mkdir` add one layer to their base.
 */
export interface BuildGraph {
  /** Inputs stand before the vertices that use them; only what the results need. A vertex is named by its place. */
  readonly vertices: readonly Vertex[];
  /** One for each platform, in the order asked for. */
  readonly results: readonly BuildResult[];
  /** Every instruction of the stages that are built, in the file's order, for `Step n/m : …`. */
  readonly steps: readonly BuildStep[];
}

/** Place of a vertex in {@link BuildGraph.vertices}. */
export type VertexId = number;

/** A tree to work on; undefined is the empty one, `scratch`. */
export type Tree = VertexId | undefined;

export interface Vertex {
  readonly operation: Operation;
  /** What runs or is taken; the host's for contexts. */
  readonly platform: Platform;
  /** For progress, as BuildKit prints it: `[build 2/5] RUN make`. No part of a cache key. */
  readonly name: string;
  /** As the classic builder prints it after `Step n/m : `; empty for what no instruction asks for. */
  readonly instruction: string;
  /** The stage's name or number; `internal` for the loading of contexts. */
  readonly stage: string;
  readonly location: VertexLocation | undefined;
  /** `--no-cache`, `--no-cache-filter`: carried out though the cache has it. */
  readonly ignoreCache: boolean;
}

export interface VertexLocation extends SourceRange {
  readonly file: string;
}

export type Operation =
  | ImageSource
  | OciLayoutSource
  | ContextSource
  | HttpSource
  | GitSource
  | ExecOperation
  | CopyOperation
  | MakeDirectory;

/* ── Sources ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

export interface ImageSource {
  readonly kind: "image";
  /** Canonical: `docker.io/library/debian:12`. */
  readonly reference: string;
  /** Of what the resolver told the config of; undefined when it told none. */
  readonly digest: string | undefined;
}

/** An image in a folder of the client, OCI image-layout. */
export interface OciLayoutSource {
  readonly kind: "oci-layout";
  /** The named context. */
  readonly context: string;
  /** `tag` or `sha256:…`. */
  readonly reference: string;
  readonly digest: string | undefined;
}

/** A folder or archive that the client gives. */
export interface ContextSource {
  readonly kind: "context";
  /** `context` is the build's own, everything else a `--build-context`. */
  readonly name: string;
  /** Lines of .dockerignore without comments, in its order; for `compileIgnore`. */
  readonly excludes: readonly string[];
  /** Paths in use, wildcards allowed; the rest need not be read. Empty: everything. */
  readonly paths: readonly string[];
}

/** One file, `filename`, at the tree's root. */
export interface HttpSource {
  readonly kind: "http";
  readonly url: string;
  /** `sha256:…`; undefined: what comes is taken. */
  readonly checksum: string | undefined;
  readonly filename: string;
}

export interface GitSource {
  readonly kind: "git";
  /** As git takes it. */
  readonly remote: string;
  /** Branch, tag, commit or full ref; empty is the remote's HEAD. */
  readonly ref: string;
  /** Folder of the repository that is the tree; empty is its root. */
  readonly subdirectory: string;
  readonly keepGitDirectory: boolean;
  /** The commit that `ref` has to be, at least its first seven digits. */
  readonly checksum: string | undefined;
  readonly submodules: boolean;
}

/* ── Running a command ───────────────────────────────────────────────────────────────────────────────────────────── */

export interface ExecOperation {
  readonly kind: "exec";
  readonly base: Tree;
  readonly args: readonly string[];
  /** `NAME=value`, PATH and build arguments among them. */
  readonly env: readonly string[];
  /** Proxy variables, `NAME=value`: given to the process, no part of the cache key. */
  readonly keylessEnv: readonly string[];
  /** Variables whose value is a secret; never in a cache key, a layer or the history. */
  readonly secretEnv: readonly SecretVariable[];
  /** Absolute. */
  readonly cwd: string;
  /** `user[:group]` by name or number; empty is root. */
  readonly user: string;
  /** Undefined: as every command's. */
  readonly hostname?: string | undefined;
  /** `default`, `none`, `host`, or what the build's option named: a user-defined network or `container:NAME`. */
  readonly network: string;
  readonly security: "sandbox" | "insecure";
  /** CDI names. */
  readonly devices: readonly { readonly name: string; readonly required: boolean }[];
  /** In the order they are made. */
  readonly mounts: readonly ExecMount[];
}

export interface SecretVariable {
  readonly name: string;
  readonly id: string;
  readonly required: boolean;
}

/** Targets are absolute; `mode` is permission bits. */
export type ExecMount =
  | {
      readonly type: "bind";
      readonly target: string;
      readonly from: Tree;
      /** Path in `from`, absolute. */
      readonly source: string;
      /** False: writes are allowed, and thrown away after the step. */
      readonly readOnly: boolean;
    }
  | {
      readonly type: "cache";
      readonly target: string;
      readonly id: string;
      readonly sharing: "shared" | "private" | "locked";
      readonly readOnly: boolean;
      /** What a new cache begins with; undefined: an empty folder of mode, uid and gid. */
      readonly from: Tree;
      readonly source: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: "tmpfs"; readonly target: string; readonly sizeBytes: number | undefined }
  | ({ readonly type: "secret" } & HandedMount)
  /** An agent's socket. */
  | ({ readonly type: "ssh" } & HandedMount)
  /** A script of the Dockerfile itself, read-only. */
  | { readonly type: "file"; readonly target: string; readonly content: string; readonly mode: number };

interface HandedMount {
  readonly target: string;
  readonly id: string;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/* ── Changing files ──────────────────────────────────────────────────────────────────────────────────────────────── */

/** ADD and COPY: one layer of all their sources. */
export interface CopyOperation {
  readonly kind: "copy";
  readonly base: Tree;
  readonly sources: readonly CopySource[];
  /** Absolute, clean, WORKDIR put before; without a `/` at its end but for the root. */
  readonly destination: string;
  /** Written with `/` or `/.` at its end, or there are several sources: files go into it. */
  readonly destinationIsDirectory: boolean;
  /** `--chown`, names looked up in `base`; undefined is 0:0, but for what an archive holds. */
  readonly owner: Owner | undefined;
  readonly mode: FileMode | undefined;
  /** `--link`: the layer depends on nothing in `base`, and replaces what is in its way. */
  readonly link: boolean;
  /** `--parents`: the folders of a source's path are made too; what stands before `/./` is left out. */
  readonly parents: boolean;
  /** `--exclude`, as .dockerignore lines against the path under the source. */
  readonly excludes: readonly string[];
}

export type CopySource =
  | {
      readonly type: "tree";
      readonly from: Tree;
      /** Path or Go filepath.Match pattern in `from`, clean, absolute; with `--parents` also `**` and one `/./`. */
      readonly path: string;
      /** Tar archives, compressed or not, are laid out: ADD of files in the context. */
      readonly unpack: boolean;
      /** Permission bits of a file where `mode` gives none: 0600 for what ADD downloads. */
      readonly fileMode: number | undefined;
    }
  | { readonly type: "inline"; readonly filename: string; readonly content: string };

/** Numbers stay numbers; a user given by number has the group of the same number, as in Docker. */
export interface Owner {
  readonly user: string | number;
  /** Undefined: as `user`. */
  readonly group: string | number | undefined;
}

/** `--chmod`: permission bits, or words such as `u+rwX,g-w`. */
export type FileMode = number | { readonly symbolic: string };

/** WORKDIR: the folder and those above it; what is there stays as it is. */
export interface MakeDirectory {
  readonly kind: "mkdir";
  readonly base: Tree;
  readonly path: string;
  readonly mode: number;
  /** Of the folders that are made; undefined is 0:0. */
  readonly owner: Owner | undefined;
}

/* ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

export interface BuildResult {
  readonly platform: Platform;
  readonly root: Tree;
  /** The image's document; times, layers and history are the solver's to add. */
  readonly config: Omit<ImageConfig, "rootfs" | "history" | "created">;
  /** After the base image's own, oldest first. */
  readonly history: readonly HistoryEntry[];
  /** The image at the very bottom, whose history and layers come first; undefined for `FROM scratch`. */
  readonly base: VertexId | undefined;
  /** The stage's name or number. */
  readonly stage: string;
}

export interface HistoryEntry {
  readonly createdBy: string;
  readonly author: string | undefined;
  readonly comment: string | undefined;
  /** Whose layer it is; undefined for a setting alone. */
  readonly vertex: VertexId | undefined;
}

export interface BuildStep {
  readonly text: string;
  /** Undefined for settings. */
  readonly vertex: VertexId | undefined;
  readonly stage: string;
}

/** What a conversion comes to. */
export interface Conversion {
  readonly graph: BuildGraph;
  readonly warnings: readonly LintWarning[];
}

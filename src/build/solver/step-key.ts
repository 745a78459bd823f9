import { createHash } from "node:crypto";
import { formatPlatform } from "#spec/oci/platform.ts";
import type { CopySource, ExecMount, Tree, Vertex } from "../graph/types.ts";
import type { Selection, StepOperation, StepSettings } from "./types.ts";

/** What a key is made of besides the operation: for every tree that the operation uses, the key of its content. */
export type TreeKey = (tree: Tree, selection: Selection | undefined) => string;

/** Changed when keys come to mean something else. */
const VERSION = 1;

export function hashOf(...parts: readonly unknown[]): string {
  return createHash("sha256")
    .update(JSON.stringify([VERSION, ...parts]))
    .digest("hex");
}

/**
 * The key under which a step's layer is found again: the same key, the same files. It holds everything a step's result
 * may depend on but secrets, limits and the content of cache mounts.
 */
export function stepKey(
  vertex: Pick<Vertex, "platform">,
  operation: StepOperation,
  settings: Pick<StepSettings, "hosts">,
  keyOf: TreeKey,
): string {
  const platform = formatPlatform(vertex.platform);
  switch (operation.kind) {
    case "mkdir":
      return hashOf("mkdir", keyOf(operation.base, undefined), operation.path, operation.mode, operation.owner);
    case "copy": {
      const { destination, destinationIsDirectory, owner, mode, link, parents, excludes } = operation;
      return hashOf(
        "copy",
        link ? "" : keyOf(operation.base, undefined),
        { destination, destinationIsDirectory, owner, mode, link, parents, excludes },
        operation.sources.map((source) => sourceKey(source, operation, keyOf)),
      );
    }
    case "exec": {
      const { args, env, secretEnv, cwd, user, hostname, network, security, devices } = operation;
      return hashOf(
        "exec",
        platform,
        keyOf(operation.base, undefined),
        { args, env, secretEnv, cwd, user, hostname, network, security, devices },
        settings.hosts,
        operation.mounts.map((mount) => mountKey(mount, keyOf)),
      );
    }
  }
}

function sourceKey(
  source: CopySource,
  operation: { readonly excludes: readonly string[]; readonly parents: boolean },
  keyOf: TreeKey,
): unknown {
  if (source.type === "inline") return [source.filename, source.content];
  const { path, unpack, fileMode } = source;
  return [path, unpack, fileMode, keyOf(source.from, copySelection(source, operation))];
}

function mountKey(mount: ExecMount, keyOf: TreeKey): unknown {
  if (mount.type !== "bind" && mount.type !== "cache") return mount;
  return { ...mount, from: mount.from === undefined ? "" : keyOf(mount.from, mountSelection(mount)) };
}

/** Which files of its tree a source of COPY takes. */
function copySelection(
  source: Extract<CopySource, { type: "tree" }>,
  { excludes, parents }: { readonly excludes: readonly string[]; readonly parents: boolean },
): Selection {
  return { path: source.path, excludes, parents, required: true };
}

/** Which files of its tree a mount shows. */
function mountSelection(mount: Extract<ExecMount, { type: "bind" | "cache" }>): Selection {
  return { path: mount.source, excludes: [], parents: false, required: mount.type === "bind" };
}

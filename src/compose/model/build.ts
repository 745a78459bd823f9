import { isAbsolute } from "node:path";
import {
  absolutePath,
  boolean,
  byteCount,
  fileMode,
  looseText,
  looseTextOrNull,
  text,
  word,
} from "../shape/scalars.ts";
import { listOf, listOrOne, pairs, record, short, type RecordOf } from "../shape/collections.ts";
import type { Reading, Shape } from "../shape/shape.ts";
import { mappingNode, scalarNode, type ComposeNode, type MappingNode } from "../source/node.ts";
import { extraHosts, ulimits } from "./lists.ts";

/** A use of a secret or a configuration: `source` alone, or with where and how it is seen. */
const granted = record({ source: text, target: text, uid: word, gid: word, mode: fileMode });

export type Grant = {
  readonly source: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly mode?: number;
};

export const grants: Shape<readonly Grant[]> = listOf(
  short({ ...granted, value: (node) => granted.value(node) as Grant }, (node) =>
    node.kind === "scalar" && typeof node.value === "string" ? mappingNode([["source", node]], node.at) : undefined,
  ),
  { key: (item) => wordOf(item, "target") || wordOf(item, "source") },
);

function wordOf(item: ComposeNode, key: string): string {
  const found = (item as MappingNode).entries.get(key);
  return found?.kind === "scalar" && found.value !== null ? String(found.value) : "";
}

const fields = {
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  args: pairs(looseTextOrNull),
  additional_contexts: pairs(text, ""),
  cache_from: listOrOne(listOf(text)),
  cache_to: listOrOne(listOf(text)),
  entitlements: listOf(text),
  extra_hosts: extraHosts,
  isolation: text,
  labels: pairs(looseText, ""),
  network: text,
  no_cache: boolean,
  no_cache_filter: listOrOne(listOf(text)),
  platforms: listOf(text),
  privileged: boolean,
  provenance: looseText,
  sbom: looseText,
  pull: boolean,
  secrets: grants,
  shm_size: byteCount,
  ssh: pairs(text, ""),
  tags: listOf(text),
  target: text,
  ulimits,
} as const;

export type ServiceBuild = RecordOf<typeof fields>;

const long = record(fields);

/** `build` of a service; a text is its context (build.md). */
export const build: Shape<ServiceBuild> = short(
  {
    ...long,
    canonical(node, reading) {
      const canonical = long.canonical(node, reading) as MappingNode;
      const context = canonical.entries.get("context");
      const contexts = canonical.entries.get("additional_contexts");
      const entries = new Map(canonical.entries);
      const isRemote = context?.kind === "scalar" && isRemoteContext(String(context.value));
      if (!isRemote && (context?.kind === "scalar" || !entries.has("context"))) {
        const written = context?.kind === "scalar" ? String(context.value) : ".";
        entries.set("context", scalarNode(absolutePath(written, reading), context?.at ?? node.at));
      }
      if (contexts?.kind === "mapping") entries.set("additional_contexts", absoluteContexts(contexts, reading));
      return { ...canonical, entries };
    },
  },
  (node) =>
    node.kind === "scalar" && typeof node.value === "string" ? mappingNode([["context", node]], node.at) : undefined,
);

function absoluteContexts(contexts: MappingNode, reading: Reading): MappingNode {
  return {
    ...contexts,
    entries: new Map(
      [...contexts.entries].map(([name, value]) => {
        const written = value.kind === "scalar" ? String(value.value) : "";
        const local = !isRemoteContext(written) && !/^[a-z-]+:(?!\/[^/])/u.test(written);
        return [name, local ? scalarNode(absolutePath(written, reading), value.at) : value] as const;
      }),
    ),
  };
}

/** `service:NAME` of an additional context: that service's image. */
export const serviceOfContext = (context: string): string | undefined => /^service:(.+)$/u.exec(context)?.[1];

/** Services whose images a build takes files from. */
export const servicesBuiltBefore = ({ build }: { readonly build?: ServiceBuild | undefined }): readonly string[] =>
  Object.values(build?.additional_contexts ?? {}).flatMap((value) => serviceOfContext(value) ?? []);

/** A context that is fetched: a URL, or a git repository. */
export function isRemoteContext(context: string): boolean {
  if (isAbsolute(context) || /^[.~]/u.test(context)) return false;
  return /^(?:https?|git|ssh):\/\/|^git@|^github\.com\/|\.git(?:#|$)/u.test(context);
}

import { BerthError } from "#base/errors.ts";

/** Where something stands in a file; lines and columns from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `!reset` takes a value away, `!override` replaces instead of merging (Compose Specification, 13-merge.md). */
export type MergeTag = "reset" | "override";

interface Placed {
  readonly at: Place;
  readonly tag?: MergeTag;
}

export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export interface SequenceNode extends Placed {
  readonly kind: "sequence";
  readonly items: readonly ComposeNode[];
}

export interface MappingNode extends Placed {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, ComposeNode>;
}

/** A Compose file's content with the place of every value, anchors and merge keys already followed. Immutable. */
export type ComposeNode = ScalarNode | SequenceNode | MappingNode;

export const scalarNode = (value: ScalarNode["value"], at: Place): ScalarNode => ({ kind: "scalar", value, at });
export const sequenceNode = (items: readonly ComposeNode[], at: Place): SequenceNode => ({
  kind: "sequence",
  items,
  at,
});
export const mappingNode = (entries: Iterable<readonly [string, ComposeNode]>, at: Place): MappingNode => ({
  kind: "mapping",
  entries: new Map(entries),
  at,
});

export const isNull = (node: ComposeNode): boolean => node.kind === "scalar" && node.value === null;

/** The plain value: what `JSON.parse` would give. */
export function plainValue(node: ComposeNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "sequence":
      return node.items.map(plainValue);
    case "mapping":
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainValue(value)]));
  }
}

/** The same node with other values in it, every scalar passed through `change`. */
export function mapScalars(
  node: ComposeNode,
  change: (scalar: ScalarNode, path: string) => ScalarNode,
  path = "",
): ComposeNode {
  switch (node.kind) {
    case "scalar":
      return change(node, path);
    case "sequence":
      return { ...node, items: node.items.map((item, index) => mapScalars(item, change, joined(path, String(index)))) };
    case "mapping":
      return {
        ...node,
        entries: new Map(
          [...node.entries].map(([key, value]) => [key, mapScalars(value, change, joined(path, key))] as const),
        ),
      };
  }
}

export const joined = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** `invalid-parameter` "FILE:LINE: message". */
export function mistakeAt(at: Place, message: string, hint?: string): BerthError {
  const where = at.line > 0 ? `${at.file}:${at.line}` : at.file;
  return new BerthError("invalid-parameter", `${where}: ${message}`, hint === undefined ? {} : { hint });
}

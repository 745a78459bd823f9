import { joined, mistakeAt, type ComposeNode, type Place } from "../source/node.ts";

/** What reading a node may depend on. */
export interface Reading {
  /** Of the node, from the file's root: `services.web.ports.0`. */
  readonly path: string;
  /** The absolute folder that relative paths of this file start at; undefined leaves them as they are. */
  readonly folder: string | undefined;
  readonly homeFolder: string;
  /** Values that hold variables stay as they are written: nobody knows what they will be. */
  readonly keepsVariables?: boolean;
}

/**
 * What a key of a Compose file may hold, as three pure functions: one table of shapes is the schema, the expansion of short
 * forms, the merge of several files and the typed reading (Compose Specification, schema/compose-spec.json and 13-merge.md).
 */
export interface Shape<T> {
  /** The node in its long form, relative paths made absolute. `invalid-parameter` with file, line and key otherwise. */
  readonly canonical: (node: ComposeNode, reading: Reading) => ComposeNode;
  /** Two canonical nodes, the second from a later file. */
  readonly merge: (base: ComposeNode, over: ComposeNode) => ComposeNode;
  /** Of a canonical node. */
  readonly value: (node: ComposeNode) => T;
  /** Every key that may stand below, as `ports.target`; a name that people give is `*`. Missing where there is none. */
  readonly keys?: () => readonly string[];
}

/** The keys of a shape that stands behind `key`, and `key` itself. */
export const keysBehind = (key: string, shape: Shape<unknown>): readonly string[] => [
  key,
  ...(shape.keys?.() ?? []).map((inner) => `${key}.${inner}`),
];

export const below = (reading: Reading, key: string): Reading => ({ ...reading, path: joined(reading.path, key) });

/** The node as `shape` makes it canonical; what holds a variable that is to stay is left alone, whatever the shape. */
export const canonicalBelow = (shape: Shape<unknown>, node: ComposeNode, reading: Reading): ComposeNode =>
  reading.keepsVariables === true && node.kind === "scalar" && typeof node.value === "string" && /\$/u.test(node.value)
    ? node
    : shape.canonical(node, reading);

export const mismatch = (node: ComposeNode, reading: Reading, wanted: string): Error =>
  mistakeAt(node.at, `${reading.path || "the file"} must be ${wanted}`);

export const replaced = (_base: ComposeNode, over: ComposeNode): ComposeNode => over;

/** A canonical node that holds what a person never wrote. */
export const nowhere: Place = { file: "", line: 0, column: 0 };

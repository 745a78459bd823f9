import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Pair,
} from "yaml";
import {
  mappingNode,
  mistakeAt,
  type ComposeNode,
  type MergeTag,
  type Place,
  scalarNode,
  sequenceNode,
} from "./node.ts";

/** Anchors make small files of huge values; more nodes than this are a mistake or an attack. */
const maxNodes = 200_000;

/**
 * The documents of a YAML 1.2 file, as Compose reads them: merge keys, `!reset` and `!override`, and a leading zero for
 * octal numbers as in YAML 1.1. Empty documents are left out. `invalid-parameter` with file and line.
 */
export function parseYaml(text: string, file: string): readonly ComposeNode[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    uniqueKeys: true,
    logLevel: "silent",
    customTags: ["!reset", "!override"].flatMap((tag) => [
      { tag, resolve: (value: string) => value },
      { tag, collection: "map" as const },
      { tag, collection: "seq" as const },
    ]),
  });
  const nodes: ComposeNode[] = [];
  for (const document of "empty" in documents ? [] : documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      const sentence = (error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/u, "");
      throw mistakeAt({ file, line, column: col }, `yaml: ${sentence}`);
    }
    if (document.contents === null) continue;
    const node = new Converter(document, lines, file).convert(document.contents);
    if (node.kind !== "scalar" || node.value !== null) nodes.push(node);
  }
  return nodes;
}

class Converter {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;
  /** Anchors being followed, to find one that contains itself. */
  readonly #open = new Set<Node>();
  #count = 0;

  constructor(document: Document, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  convert(node: Node | null, near?: Place): ComposeNode {
    const at = node === null ? (near ?? this.#place(undefined)) : this.#place(node);
    if (++this.#count > maxNodes) throw mistakeAt(at, `yaml: more than ${maxNodes} values: too many aliases`);
    if (node === null) return scalarNode(null, at);
    if (isAlias(node)) return this.#alias(node, at);
    const converted = this.#content(node, at);
    const tag = mergeTag(node);
    return tag === undefined ? converted : { ...converted, tag };
  }

  #content(node: Node, at: Place): ComposeNode {
    if (isMap(node)) return mappingNode(this.#entries(node.items, at), at);
    if (isSeq(node))
      return sequenceNode(
        (node.items as (Node | null)[]).map((item) => this.convert(item, at)),
        at,
      );
    if (isScalar(node)) return scalarNode(scalarValue(node), at);
    throw mistakeAt(at, "yaml: neither a value, a sequence nor a mapping");
  }

  #alias(node: Node & { source: string }, at: Place): ComposeNode {
    const target = (node as unknown as { resolve(document: Document): Node | undefined }).resolve(this.#document);
    if (target === undefined) throw mistakeAt(at, `yaml: unknown anchor '${node.source}' referenced`);
    if (this.#open.has(target)) throw mistakeAt(at, `yaml: anchor '${node.source}' value contains itself`);
    this.#open.add(target);
    try {
      return this.convert(target);
    } finally {
      this.#open.delete(target);
    }
  }

  #entries(pairs: readonly Pair[], at: Place): Map<string, ComposeNode> {
    const own = new Map<string, ComposeNode>();
    const merged: ComposeNode[] = [];
    for (const pair of pairs) {
      const key = this.convert(pair.key as Node | null, at);
      if (key.kind !== "scalar") throw mistakeAt(key.at, "yaml: a key must be a word");
      const value = this.convert(pair.value as Node | null, key.at);
      if (key.value === "<<") merged.push(...(value.kind === "sequence" ? value.items : [value]));
      else own.set(String(key.value), value);
    }
    const entries = new Map<string, ComposeNode>();
    // The first of several merged mappings wins, and what is written beside them wins over all.
    for (const source of merged.toReversed()) {
      if (source.kind !== "mapping")
        throw mistakeAt(source.at, "yaml: map merge requires map or sequence of maps as the value");
      for (const [key, value] of source.entries) entries.set(key, value);
    }
    for (const [key, value] of own) entries.set(key, value);
    return entries;
  }

  #place(node: Node | undefined): Place {
    const start = node?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(start);
    return { file: this.#file, line, column: col };
  }
}

function mergeTag(node: Node): MergeTag | undefined {
  const tag = (node as { tag?: string }).tag;
  return tag === "!reset" ? "reset" : tag === "!override" ? "override" : undefined;
}

function scalarValue(node: { value: unknown; source?: string; type?: string }): string | number | boolean | null {
  const { value, source, type } = node;
  if (type === "PLAIN" && source !== undefined && /^[-+]?0[0-7]+$/u.test(source)) return Number.parseInt(source, 8);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return source ?? String(value);
  return source ?? "";
}

import { messageOf } from "#base/errors.ts";
import { integer, text, word } from "../shape/scalars.ts";
import { listOf, listOrOne, mapOf, orNull, record, short, type RecordOf } from "../shape/collections.ts";
import { below, mismatch, type Shape } from "../shape/shape.ts";
import { splitCommand } from "../shape/split-command.ts";
import {
  mappingNode,
  mistakeAt,
  scalarNode,
  sequenceNode,
  type ComposeNode,
  type MappingNode,
  type Place,
} from "../source/node.ts";

const spelled = (item: ComposeNode): string => (item.kind === "scalar" ? String(item.value) : "");

/** Texts of which none is kept twice. */
export const textSet: Shape<readonly string[]> = listOf(text, { key: spelled });
export const wordSet: Shape<readonly string[]> = listOf(word, { key: spelled });
/** The same, where one may stand alone. */
export const oneOrMore: Shape<readonly string[]> = listOrOne(textSet);

/** A command: words, or a text that a shell would split into them. Null: the image's own. */
export const command: Shape<readonly string[] | null> = orNull(
  short(listOf(word, { whole: true }), (node, { path }) =>
    node.kind === "scalar" && typeof node.value === "string"
      ? sequenceNode(
          wordsOf(node.value, node.at, path).map((part) => scalarNode(part, node.at)),
          node.at,
        )
      : undefined,
  ),
);

function wordsOf(written: string, at: Place, path: string): readonly string[] {
  try {
    return splitCommand(written);
  } catch (error) {
    throw mistakeAt(at, `${path}: ${messageOf(error)}`);
  }
}

const limit = record({ soft: integer, hard: integer }, { required: ["soft", "hard"] });

export type Ulimit = { readonly soft: number; readonly hard: number };

export const ulimits: Shape<Readonly<Record<string, Ulimit>>> = mapOf(
  short({ ...limit, value: (node) => limit.value(node) as Ulimit }, (node) =>
    node.kind === "scalar"
      ? mappingNode(
          [
            ["soft", node],
            ["hard", node],
          ],
          node.at,
        )
      : undefined,
  ),
  /^[a-z]+$/u,
);

/** Host names to addresses; written as `HOST=IP`, `HOST:IP` or a mapping to one or several. */
export const extraHosts: Shape<Readonly<Record<string, readonly string[]>>> = short(
  mapOf(listOrOne(listOf(text, { key: spelled }))),
  (node, reading) => {
    if (node.kind !== "sequence") return undefined;
    const entries = new Map<string, ComposeNode>();
    for (const [index, item] of node.items.entries()) {
      if (item.kind !== "scalar" || typeof item.value !== "string")
        throw mismatch(item, below(reading, String(index)), "a string");
      const match = /^([^=:]+)[=:]\[?([^\]]+)\]?$/u.exec(item.value);
      if (match === null) throw mistakeAt(item.at, `${reading.path}.${index}: '${item.value}' is not written HOST=IP`);
      const [, host = "", address = ""] = match;
      const before = entries.get(host);
      const addresses = before?.kind === "sequence" ? before.items : [];
      entries.set(host, sequenceNode([...addresses, scalarNode(address, item.at)], item.at));
    }
    return mappingNode(entries, node.at);
  },
);

const device = record({ source: text, target: text, permissions: text }, { required: ["source"] });

export type ServiceDevice = RecordOf<{ source: typeof text; target: typeof text; permissions: typeof text }> & {
  readonly source: string;
};

/** `SOURCE[:TARGET[:PERMISSIONS]]`, or the name of a CDI device, which stands as it is. */
export const devices: Shape<readonly ServiceDevice[]> = listOf(
  short({ ...device, value: (node) => device.value(node) as ServiceDevice }, (node) => {
    if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
    const [source = "", target, permissions] = node.value.split(":");
    const words: [string, string][] = [["source", source]];
    if (!isCdiName(node.value)) words.push(["target", target ?? source], ["permissions", permissions ?? "rwm"]);
    else words[0] = ["source", node.value];
    return mappingNode(
      words.map(([key, value]) => [key, scalarNode(value, node.at)] as const),
      node.at,
    );
  }),
  { key: (item) => spelled((item as MappingNode).entries.get("target") ?? item) },
);

/** `VENDOR/CLASS=NAME` (Container Device Interface). */
export const isCdiName = (name: string): boolean => /^[\w.-]+\/[\w.-]+=[\w.:-]+$/u.test(name);

import { integer, oneOf, text, word } from "../shape/scalars.ts";
import { record, type RecordOf } from "../shape/collections.ts";
import { below, mismatch, type Reading, type Shape } from "../shape/shape.ts";
import {
  mappingNode,
  mistakeAt,
  scalarNode,
  sequenceNode,
  type ComposeNode,
  type MappingNode,
  type Place,
  type SequenceNode,
} from "../source/node.ts";

const fields = {
  name: text,
  mode: oneOf("host", "ingress"),
  host_ip: text,
  target: integer,
  /** A port or a range `FIRST-LAST`. */
  published: word,
  protocol: text,
  app_protocol: text,
} as const;

const long = record(fields, { required: ["target"] });

export type ServicePort = RecordOf<typeof fields> & { readonly target: number };

/** `ports`: short forms become long ones, a range of container ports as many as it has (05-services.md, ports). */
export const ports: Shape<readonly ServicePort[]> = {
  canonical(node, reading) {
    if (node.kind !== "sequence") throw mismatch(node, reading, "an array");
    const items = node.items.flatMap((item, index) => onePort(item, below(reading, String(index))));
    return { ...sequenceNode(items, node.at), ...(node.tag === undefined ? {} : { tag: node.tag }) };
  },
  merge(base, over) {
    const byKey = new Map<string, ComposeNode>();
    for (const item of [...(base as SequenceNode).items, ...(over as SequenceNode).items])
      byKey.set(item.kind === "scalar" ? String(item.value) : portKey(item), item);
    return sequenceNode([...byKey.values()], over.at);
  },
  keys: () => long.keys?.() ?? [],
  value: (node) => (node as SequenceNode).items.map((item) => long.value(item) as ServicePort),
};

function portKey(item: ComposeNode): string {
  const { entries } = item as MappingNode;
  return ["host_ip", "target", "published", "protocol"].map((key) => String(scalarOf(entries.get(key)))).join(" ");
}

const scalarOf = (node: ComposeNode | undefined): unknown => (node?.kind === "scalar" ? node.value : undefined);

function onePort(item: ComposeNode, reading: Reading): readonly ComposeNode[] {
  if (item.kind === "scalar" && (typeof item.value === "string" || typeof item.value === "number"))
    return reading.keepsVariables === true && /\$/u.test(String(item.value))
      ? [item]
      : shortPort(String(item.value), item.at, reading);
  const canonical = long.canonical(item, reading) as MappingNode;
  const entries = new Map(canonical.entries);
  if (!entries.has("mode")) entries.set("mode", scalarNode("ingress", item.at));
  if (!entries.has("protocol")) entries.set("protocol", scalarNode("tcp", item.at));
  return [mappingNode(entries, item.at)];
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function shortPort(written: string, at: Place, reading: Reading): readonly ComposeNode[] {
  const refused = (why: string): Error => mistakeAt(at, `${reading.path}: invalid port '${written}': ${why}`);
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(\w+))?$/u.exec(written);
  if (match === null) throw refused("it is written [[IP:][HOST]:]CONTAINER[/PROTOCOL]");
  const [, ip = "", publishedText, targetText = "", protocol = "tcp"] = match;
  const target = rangeOf(targetText);
  const published = publishedText === undefined ? undefined : rangeOf(publishedText);
  for (const { first, last } of [target, ...(published === undefined ? [] : [published])])
    if (first > last || last > 65535 || first < 0)
      throw refused("a port is a number from 0 to 65535, a range goes upwards");
  const count = target.last - target.first;
  const oneForAll = count === 0;
  if (published !== undefined && !oneForAll && published.last - published.first !== count)
    throw refused("both ranges must have the same length");
  const hostIp = ip.replace(/^\[|\]$/gu, "");
  return Array.from({ length: count + 1 }, (_, index) => {
    const host = published === undefined ? undefined : oneForAll ? publishedText : String(published.first + index);
    return mappingNode(
      [
        ["mode", scalarNode("ingress", at)],
        ...(hostIp === "" ? [] : [["host_ip", scalarNode(hostIp, at)] as const]),
        ["target", scalarNode(target.first + index, at)],
        ...(host === undefined ? [] : [["published", scalarNode(host, at)] as const]),
        ["protocol", scalarNode(protocol.toLowerCase(), at)],
      ],
      at,
    );
  });
}

function rangeOf(text: string): Range {
  const [first = "", last = first] = text.split("-");
  return { first: Number(first), last: Number(last) };
}

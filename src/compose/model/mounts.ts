import { boolean, byteCount, fileMode, oneOf, text, absolutePath } from "../shape/scalars.ts";
import { listOf, pairs, record, short, type RecordOf } from "../shape/collections.ts";
import { looseText } from "../shape/scalars.ts";
import type { Reading, Shape } from "../shape/shape.ts";
import { mappingNode, mistakeAt, scalarNode, type ComposeNode, type MappingNode, type Place } from "../source/node.ts";

const fields = {
  type: oneOf("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
  source: text,
  target: text,
  read_only: boolean,
  consistency: text,
  bind: record(
    {
      propagation: text,
      create_host_path: boolean,
      recursive: oneOf("enabled", "disabled", "writable", "readonly"),
      selinux: oneOf("z", "Z"),
    },
    { nullable: true },
  ),
  volume: record({ labels: pairs(looseText, ""), nocopy: boolean, subpath: text }, { nullable: true }),
  tmpfs: record({ size: byteCount, mode: fileMode }, { nullable: true }),
  image: record({ subpath: text }, { nullable: true }),
} as const;

export type ServiceMount = RecordOf<typeof fields> & {
  readonly type: "bind" | "volume" | "tmpfs" | "cluster" | "npipe" | "image";
  readonly target: string;
};

const long = record(fields, { required: ["type"] });

const one: Shape<ServiceMount> = short(
  {
    ...long,
    canonical: (node, reading) => withAbsoluteSource(long.canonical(node, reading), reading),
    value: (node) => long.value(node) as ServiceMount,
  },
  (node, reading) =>
    node.kind === "scalar" && typeof node.value === "string" ? shortMount(node.value, node.at, reading) : undefined,
);

/** `volumes` of a service; what has the same target is the same mount (05-services.md, volumes). */
export const mounts: Shape<readonly ServiceMount[]> = listOf(one, { key: (item) => targetOf(item) });

const targetOf = (item: ComposeNode): string => {
  const target = (item as MappingNode).entries.get("target");
  return target?.kind === "scalar" ? String(target.value) : "";
};

function withAbsoluteSource(node: ComposeNode, reading: Reading): ComposeNode {
  const { entries, at } = node as MappingNode;
  const [type, source] = [entries.get("type"), entries.get("source")];
  if (type?.kind !== "scalar" || type.value !== "bind" || source?.kind !== "scalar") return node;
  const written = absolutePath(String(source.value), reading);
  return { ...node, ...mappingNode(new Map(entries).set("source", scalarNode(written, source.at)), at) };
}

const propagations = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);

function shortMount(written: string, at: Place, reading: Reading): ComposeNode {
  const parts = written.split(":");
  const refused = (why: string): Error => mistakeAt(at, `${reading.path}: invalid spec: ${written}: ${why}`);
  if (written === "" || parts.length > 3 || parts.some((part) => part === ""))
    throw refused("it is written [SOURCE:]TARGET[:MODE]");
  const [source, target, mode] = parts.length === 1 ? [undefined, parts[0], undefined] : parts;
  const isPath = source !== undefined && /^(?:[./~]|\.\.)/u.test(source);
  const type = isPath ? "bind" : "volume";
  const entries: [string, ComposeNode][] = [["type", scalarNode(type, at)]];
  if (source !== undefined) entries.push(["source", scalarNode(source, at)]);
  entries.push(["target", scalarNode(target ?? "", at)]);
  const bind: [string, ComposeNode][] = [];
  const volume: [string, ComposeNode][] = [];
  for (const word of mode === undefined ? [] : mode.split(",")) {
    if (word === "ro") entries.push(["read_only", scalarNode(true, at)]);
    else if (word === "z" || word === "Z") bind.push(["selinux", scalarNode(word, at)]);
    else if (propagations.has(word)) bind.push(["propagation", scalarNode(word, at)]);
    else if (word === "nocopy") volume.push(["nocopy", scalarNode(true, at)]);
    else if (["cached", "delegated", "consistent"].includes(word)) entries.push(["consistency", scalarNode(word, at)]);
    else if (word !== "rw") throw refused(`unknown mode '${word}'`);
  }
  if (type === "bind") entries.push(["bind", mappingNode([["create_host_path", scalarNode(true, at)], ...bind], at)]);
  else entries.push(["volume", mappingNode(volume, at)]);
  return mappingNode(entries, at);
}

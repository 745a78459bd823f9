import { boolean, integer, looseText, path, text, word } from "../shape/scalars.ts";
import { listOf, listOrOne, mapOf, pairs, record, short, type RecordOf } from "../shape/collections.ts";
import { mappingNode, type ComposeNode } from "../source/node.ts";
import { service } from "./service.ts";

/** `external: {name: x}` is the old form of `external: true` with a name. */
const external = short(record({ name: text, external: boolean }), (node) =>
  node.kind === "scalar" ? mappingNode([["external", node]], node.at) : undefined,
);

const poolFields = {
  subnet: text,
  ip_range: text,
  gateway: text,
  aux_addresses: pairs(text, ""),
} as const;

const networkFields = {
  name: text,
  driver: text,
  driver_opts: mapOf(looseText),
  attachable: boolean,
  enable_ipv4: boolean,
  enable_ipv6: boolean,
  external,
  internal: boolean,
  ipam: record({ driver: text, options: mapOf(looseText), config: listOf(record(poolFields)) }),
  labels: pairs(looseText, ""),
} as const;

export type NetworkModel = RecordOf<typeof networkFields>;

const volumeFields = {
  name: text,
  driver: text,
  driver_opts: mapOf(looseText),
  external,
  labels: pairs(looseText, ""),
} as const;

export type VolumeModel = RecordOf<typeof volumeFields>;

const fileFields = {
  name: text,
  file: path,
  environment: text,
  content: text,
  external,
  labels: pairs(looseText, ""),
  driver: text,
  driver_opts: mapOf(looseText),
  template_driver: text,
} as const;

/** A configuration or a secret. */
export type FileModel = RecordOf<typeof fileFields>;

const modelFields = { name: text, model: text, context_size: integer, runtime_flags: listOf(word) } as const;

export type ModelModel = RecordOf<typeof modelFields>;

const includeFields = {
  path: listOrOne(listOf(text)),
  project_directory: text,
  env_file: listOrOne(listOf(text)),
} as const;

const include = short(record(includeFields, { required: ["path"] }), (node: ComposeNode) =>
  node.kind === "scalar" ? mappingNode([["path", node]], node.at) : undefined,
);

const resourceName = /^[a-zA-Z0-9._-]+$/u;

const projectFields = {
  name: word,
  version: word,
  include: listOf(include),
  services: mapOf(service, resourceName),
  networks: mapOf(record(networkFields, { nullable: true }), resourceName),
  volumes: mapOf(record(volumeFields, { nullable: true }), resourceName),
  configs: mapOf(record(fileFields), resourceName),
  secrets: mapOf(record(fileFields), resourceName),
  models: mapOf(record(modelFields, { required: ["model"] }), resourceName),
} as const;

/** A whole Compose file (schema/compose-spec.json). */
export const projectFile = record(projectFields, { nullable: true });
export type ProjectFile = RecordOf<typeof projectFields>;

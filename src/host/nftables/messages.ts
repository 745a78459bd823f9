import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLMSG_MIN_TYPE, type NetlinkRequest } from "../netlink/message.ts";
import { NetlinkWriter } from "../netlink/writer.ts";
import { writeExpressions, writeValue, writeVerdict } from "./encode-expression.ts";
import type { Expression, Verdict } from "./expression.ts";

/**
 * Requests of nf_tables (linux/netfilter/nf_tables.h) as data: pure functions. Changes are carried out by an
 * NfTablesClient in one transaction.
 */
export type Family = "ip" | "inet" | "ip6" | "bridge";

export interface TableName {
  readonly family: Family;
  readonly name: string;
}

export interface BaseChain {
  readonly type: "filter" | "nat" | "route";
  readonly hook: keyof typeof hooks;
  /** Lower runs first: raw -300, dstnat -100, filter 0, srcnat 100. */
  readonly priority: number;
  readonly policy: "accept" | "drop";
}

/** What a set's keys and a map's values are made of; several = concatenated. */
export type DataType = readonly (keyof typeof dataTypes)[];

export interface SetDefinition {
  readonly name: string;
  readonly key: DataType;
  /** Present: a map to such values, or to verdicts. */
  readonly value?: DataType | "verdict";
  /** Elements are ranges, of each part of a concatenated key its own. */
  readonly ranges?: boolean;
}

export interface SetElement {
  /** Parts of concatenated keys padded to four bytes each; see {@link concatenate}. */
  readonly key: Uint8Array;
  /** The last key of a range that begins with `key`; in sets of ranges only. */
  readonly end?: Uint8Array;
  readonly value?: Uint8Array | Verdict;
}

export interface RuleDefinition {
  readonly chain: string;
  readonly expressions: readonly Expression[];
  /** Shown by `nft list` behind the rule; up to 126 bytes. */
  readonly comment?: string;
}

/** Sizes, and the numbers by which the nft program knows how to print them. */
const dataTypes = {
  ipv4_addr: { number: 7, size: 4 },
  ipv6_addr: { number: 8, size: 16 },
  inet_proto: { number: 12, size: 1 },
  inet_service: { number: 13, size: 2 },
  ifname: { number: 41, size: 16 },
} as const;

export const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const families: Readonly<Record<Family, number>> = { ip: 2, inet: 1, ip6: 10, bridge: 7 };

export const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWTABLE = 0;
export const NFT_MSG_GETTABLE = 1;
const NFT_MSG_DELTABLE = 2;
export const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_GETCHAIN = 4;
export const NFT_MSG_NEWRULE = 6;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_DELRULE = 8;
export const NFT_MSG_NEWSET = 9;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
export const NFT_MSG_GETGEN = 16;

const NFT_SET_INTERVAL = 0x4;
const NFT_SET_MAP = 0x8;
const NFT_SET_CONCAT = 0x80;
const NFTA_SET_ELEM_KEY_END = 10;
const NFT_DATA_VERDICT = 0xffffff00;
const TYPE_BITS = 6;
/** An attribute's length has 16 bits; this many elements of the largest kind fit with room to spare. */
const elementsPerMessage = 400;

/** NFNL_MSG_BATCH_BEGIN; with `generation` the kernel refuses (ERESTART) when somebody changed the ruleset since. */
export function beginBatch(generation?: number): NetlinkRequest {
  const writer = new NetlinkWriter(32).u8(0).u8(0).be16(NFNL_SUBSYS_NFTABLES);
  if (generation !== undefined) writer.attributeBe32(1, generation);
  return { type: NLMSG_MIN_TYPE, flags: 0, payload: writer.finish(), what: "begin nf_tables transaction" };
}

export function endBatch(): NetlinkRequest {
  const payload = new NetlinkWriter(32).u8(0).u8(0).be16(NFNL_SUBSYS_NFTABLES).finish();
  return { type: NLMSG_MIN_TYPE + 1, flags: 0, payload, what: "commit nf_tables transaction" };
}

/** No error when the table exists. */
/** One that is there already stays as it is. */
export function addTable(table: TableName): NetlinkRequest {
  return newTable(table, NLM_F_CREATE);
}

/** Fails with EEXIST where there is one. */
export function createTable(table: TableName): NetlinkRequest {
  return newTable(table, NLM_F_CREATE | NLM_F_EXCL);
}

function newTable(table: TableName, flags: number): NetlinkRequest {
  const payload = header(table.family).attributeString(1, table.name).attributeBe32(2, 0).finish();
  return request(NFT_MSG_NEWTABLE, flags, payload, `add table ${table.name}`);
}

/** With all that is in it. */
export function deleteTable(table: TableName): NetlinkRequest {
  return request(
    NFT_MSG_DELTABLE,
    0,
    header(table.family).attributeString(1, table.name).finish(),
    `delete table ${table.name}`,
  );
}

export function addChain(table: TableName, name: string, base?: BaseChain): NetlinkRequest {
  const writer = header(table.family).attributeString(1, table.name).attributeString(3, name);
  if (base !== undefined) {
    writer.nested(4, () => writer.attributeBe32(1, hooks[base.hook]).attributeBe32(2, base.priority));
    writer.attributeBe32(5, base.policy === "accept" ? 1 : 0).attributeString(7, base.type);
  }
  return request(NFT_MSG_NEWCHAIN, NLM_F_CREATE, writer.finish(), `add chain ${table.name} ${name}`);
}

/** At the chain's end, or its head with `insert`. */
export function addRule(table: TableName, rule: RuleDefinition, insert = false): NetlinkRequest {
  const writer = header(table.family).attributeString(1, table.name).attributeString(2, rule.chain);
  writer.nested(4, () => writeExpressions(writer, rule.expressions));
  if (rule.comment !== undefined) writer.attribute(7, commentUserData(rule.comment));
  const flags = insert ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_APPEND;
  return request(NFT_MSG_NEWRULE, flags, writer.finish(), `add rule ${table.name} ${rule.chain}`);
}

export function deleteRule(table: TableName, chain: string, handle: bigint): NetlinkRequest {
  const payload = header(table.family)
    .attributeString(1, table.name)
    .attributeString(2, chain)
    .attributeBe64(3, handle)
    .finish();
  return request(NFT_MSG_DELRULE, 0, payload, `delete rule ${table.name} ${chain}`);
}

/** `id` must be unique in the transaction. */
export function addSet(table: TableName, set: SetDefinition, id: number): NetlinkRequest {
  const concatenated = set.key.length > 1;
  const flags =
    (set.value === undefined ? 0 : NFT_SET_MAP) |
    (concatenated ? NFT_SET_CONCAT : 0) |
    (set.ranges === true ? NFT_SET_INTERVAL : 0);
  const writer = header(table.family)
    .attributeString(1, table.name)
    .attributeString(2, set.name)
    .attributeBe32(3, flags)
    .attributeBe32(4, typeNumber(set.key))
    .attributeBe32(5, typeSize(set.key));
  if (set.value === "verdict") writer.attributeBe32(6, NFT_DATA_VERDICT);
  else if (set.value !== undefined)
    writer.attributeBe32(6, typeNumber(set.value)).attributeBe32(7, typeSize(set.value));
  writer.attributeBe32(10, id);
  if (set.key[0] === "ifname") writer.attribute(13, hostByteOrderUserData);
  if (concatenated) {
    writer.nested(9, () => {
      writer.nested(2, () => {
        for (const part of set.key) writer.nested(1, () => writer.attributeBe32(1, dataTypes[part].size));
      });
    });
  }
  return request(NFT_MSG_NEWSET, NLM_F_CREATE, writer.finish(), `add set ${table.name} ${set.name}`);
}

/** Fails with EEXIST for a key that is there already with another value; nothing happens when the value is the same. */
export function addElements(table: TableName, set: string, elements: readonly SetElement[]): NetlinkRequest[] {
  return elementMessages(NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, set, elements, `add elements ${table.name} ${set}`);
}

/** Fails with ENOENT for a key that is not there. */
export function deleteElements(table: TableName, set: string, elements: readonly SetElement[]): NetlinkRequest[] {
  return elementMessages(NFT_MSG_DELSETELEM, 0, table, set, elements, `delete elements ${table.name} ${set}`);
}

export function getGeneration(): NetlinkRequest {
  const payload = new NetlinkWriter(16).u8(0).u8(0).be16(0).finish();
  return request(NFT_MSG_GETGEN, 0, payload, "read nf_tables generation");
}

export function getTable(table: TableName): NetlinkRequest {
  return request(
    NFT_MSG_GETTABLE,
    0,
    header(table.family).attributeString(1, table.name).finish(),
    `read table ${table.name}`,
  );
}

/** Chains of every table of `family`, or of all families. */
export function dumpChains(family?: Family): NetlinkRequest {
  return request(NFT_MSG_GETCHAIN, 0, header(family).finish(), "list chains");
}

export function dumpRules(table: TableName, chain: string): NetlinkRequest {
  const payload = header(table.family).attributeString(1, table.name).attributeString(2, chain).finish();
  return request(NFT_MSG_GETRULE, 0, payload, `list rules ${table.name} ${chain}`);
}

/** The parts of a concatenated key or value, each padded to four bytes. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + slotSize(part.length), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += slotSize(part.length);
  }
  return bytes;
}

function elementMessages(
  type: number,
  flags: number,
  table: TableName,
  set: string,
  elements: readonly SetElement[],
  what: string,
): NetlinkRequest[] {
  const messages: NetlinkRequest[] = [];
  for (let from = 0; from < elements.length; from += elementsPerMessage) {
    const writer = header(table.family).attributeString(1, table.name).attributeString(2, set);
    writer.nested(3, () => {
      for (const element of elements.slice(from, from + elementsPerMessage)) {
        writer.nested(1, () => writeElement(writer, element));
      }
    });
    messages.push(request(type, flags, writer.finish(), what));
  }
  return messages;
}

function writeElement(writer: NetlinkWriter, element: SetElement): void {
  writeValue(writer, 1, element.key);
  if (element.end !== undefined) writeValue(writer, NFTA_SET_ELEM_KEY_END, element.end);
  if (element.value instanceof Uint8Array) writeValue(writer, 2, element.value);
  else if (element.value !== undefined) writeVerdict(writer, 2, element.value);
}

/** Tells the nft program that keys are in host byte order (libnftnl: type 0, length, u32 1), so that it prints names. */
const hostByteOrderUserData = Uint8Array.of(0, 4, 1, 0, 0, 0);

/** User data as libnftnl lays it out: type 0 (comment), length with NUL, text, NUL. */
function commentUserData(comment: string): Uint8Array {
  const text = new TextEncoder().encode(comment).subarray(0, 126);
  return Uint8Array.of(0, text.length + 1, ...text, 0);
}

function typeNumber(type: DataType): number {
  return type.reduce((number, part) => number * (1 << TYPE_BITS) + dataTypes[part].number, 0);
}

function typeSize(type: DataType): number {
  const [only, ...more] = type;
  if (only !== undefined && more.length === 0) return dataTypes[only].size;
  return type.reduce((size, part) => size + slotSize(dataTypes[part].size), 0);
}

function slotSize(size: number): number {
  return (size + 3) & ~3;
}

/** struct nfgenmsg. */
function header(family: Family | undefined): NetlinkWriter {
  return new NetlinkWriter()
    .u8(family === undefined ? 0 : families[family])
    .u8(0)
    .be16(0);
}

function request(type: number, flags: number, payload: Uint8Array, what: string): NetlinkRequest {
  return { type: (NFNL_SUBSYS_NFTABLES << 8) | type, flags, payload, what };
}

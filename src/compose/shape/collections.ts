import {
  isNull,
  mappingNode,
  mistakeAt,
  scalarNode,
  sequenceNode,
  type ComposeNode,
  type MappingNode,
  type SequenceNode,
} from "../source/node.ts";
import { below, canonicalBelow, keysBehind, mismatch, replaced, type Reading, type Shape } from "./shape.ts";

export type Fields = Readonly<Record<string, Shape<unknown>>>;
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Shape<infer T> ? T : never;
};

/** Keep a node's merge tag on what it became. */
function tagged(node: ComposeNode, from: ComposeNode): ComposeNode {
  return from.tag === undefined ? node : { ...node, tag: from.tag };
}

/** Keys that the specification leaves to people. */
export const isExtension = (key: string): boolean => key.startsWith("x-");

/**
 * A mapping with known keys, and `x-` ones. `nullable`: written without anything it is empty. `required`: keys that must be
 * there.
 */
export function record<const F extends Fields>(
  fields: F,
  options: { readonly nullable?: boolean; readonly required?: readonly (keyof F & string)[] } = {},
): Shape<RecordOf<F>> {
  const fieldOf = (key: string): Shape<unknown> | undefined => (Object.hasOwn(fields, key) ? fields[key] : undefined);
  return {
    canonical(node, reading) {
      if (options.nullable === true && isNull(node)) return tagged(mappingNode([], node.at), node);
      if (node.kind !== "mapping") throw mismatch(node, reading, "a mapping");
      const entries = [...node.entries].map(([key, value]) => {
        const field = fieldOf(key);
        if (field === undefined && !isExtension(key)) throw unknownKey(key, value, reading, Object.keys(fields));
        return [
          key,
          field === undefined || value.tag === "reset" ? value : canonicalBelow(field, value, below(reading, key)),
        ] as const;
      });
      for (const key of options.required ?? []) {
        if (!node.entries.has(key)) throw mistakeAt(node.at, `${reading.path} needs '${key}'`);
      }
      return tagged(mappingNode(entries, node.at), node);
    },
    keys: () => Object.entries(fields).flatMap(([key, field]) => keysBehind(key, field)),
    merge: (base, over) => mergeEntries(base, over, (key) => fieldOf(key)?.merge ?? mergeAnything),
    value(node) {
      if (node.kind === "scalar") return node.value as never;
      const read: Record<string, unknown> = {};
      for (const [key, value] of (node as MappingNode).entries) {
        const field = fieldOf(key);
        if (field !== undefined && value.tag !== "reset") read[key] = field.value(value);
      }
      return read as RecordOf<F>;
    },
  };
}

/** Names to values of one shape. */
export function mapOf<T>(item: Shape<T>, name: RegExp = /^/u): Shape<Readonly<Record<string, T>>> {
  return {
    canonical(node, reading) {
      if (node.kind !== "mapping") throw mismatch(node, reading, "a mapping");
      const entries = [...node.entries].map(([key, value]) => {
        if (isExtension(key) && !name.test(key)) return [key, value] as const;
        if (!name.test(key)) throw mistakeAt(value.at, `${reading.path}: '${key}' is no valid name`);
        return [key, value.tag === "reset" ? value : canonicalBelow(item, value, below(reading, key))] as const;
      });
      return tagged(mappingNode(entries, node.at), node);
    },
    keys: () => keysBehind("*", item).slice(1),
    merge: (base, over) => mergeEntries(base, over, () => item.merge),
    value: (node) =>
      node.kind === "scalar"
        ? (node.value as never)
        : Object.fromEntries(
            [...(node as MappingNode).entries]
              .filter(([, value]) => value.tag !== "reset")
              .map(([key, value]) => [key, item.value(value)]),
          ),
  };
}

/** `key=value` items or a mapping: a mapping. A key alone has null. */
export function pairs(item: Shape<string | null>): Shape<Readonly<Record<string, string | null>>>;
export function pairs(item: Shape<string>, bare: string): Shape<Readonly<Record<string, string>>>;
export function pairs(
  item: Shape<string | null>,
  bare: string | null = null,
): Shape<Readonly<Record<string, string | null>>> {
  const map = mapOf(item);
  return {
    ...map,
    canonical(node, reading) {
      if (node.kind !== "sequence") return map.canonical(node, reading);
      const entries = node.items.map((entry, index) => {
        const written = entry.kind === "scalar" && entry.value !== null ? String(entry.value) : undefined;
        if (written === undefined) throw mismatch(entry, below(reading, String(index)), "a string");
        const equals = written.indexOf("=");
        return equals === -1
          ? ([written, scalarNode(bare, entry.at)] as const)
          : ([written.slice(0, equals), scalarNode(written.slice(equals + 1), entry.at)] as const);
      });
      return tagged(mappingNode(entries, node.at), node);
    },
  };
}

/**
 * A sequence. Files append to each other; `key` names what is the same thing in both: the later one then takes its place,
 * merged when `merge` is given. `whole`: a later file replaces all of it.
 */
export function listOf<T>(
  item: Shape<T>,
  options: { readonly key?: (item: ComposeNode) => string; readonly whole?: boolean } = {},
): Shape<readonly T[]> {
  return {
    canonical(node, reading) {
      if (node.kind !== "sequence") throw mismatch(node, reading, "an array");
      const items = node.items.map((entry, index) => canonicalBelow(item, entry, below(reading, String(index))));
      return tagged(sequenceNode(items, node.at), node);
    },
    keys: () => item.keys?.() ?? [],
    merge: options.whole === true ? replaced : (base, over) => appended(base, over, item, options.key),
    value: (node) =>
      node.kind === "scalar" ? (node.value as never) : (node as SequenceNode).items.map((entry) => item.value(entry)),
  };
}

function appended(
  base: ComposeNode,
  over: ComposeNode,
  item: Shape<unknown>,
  key: ((item: ComposeNode) => string) | undefined,
): ComposeNode {
  const first = (base as SequenceNode).items;
  const second = (over as SequenceNode).items;
  if (key === undefined) return sequenceNode([...first, ...second], over.at);
  const byKey = new Map<string, ComposeNode>();
  const keyOf = (entry: ComposeNode): string => (entry.kind === "scalar" ? String(entry.value) : key(entry));
  for (const entry of first) byKey.set(keyOf(entry), entry);
  for (const entry of second) {
    const before = byKey.get(keyOf(entry));
    byKey.set(keyOf(entry), before === undefined ? entry : item.merge(before, entry));
  }
  return sequenceNode([...byKey.values()], over.at);
}

/** A sequence, or one word that stands for a sequence of itself. */
export function listOrOne<T>(list: Shape<T>): Shape<T> {
  return short(list, (node) =>
    node.kind === "scalar" && node.value !== null ? sequenceNode([node], node.at) : undefined,
  );
}

/** `expand` turns a short form into the long one; undefined when the node is no short form. */
export function short<T>(
  long: Shape<T>,
  expand: (node: ComposeNode, reading: Reading) => ComposeNode | undefined,
): Shape<T> {
  return {
    ...long,
    canonical: (node, reading) => {
      const expanded = expand(node, reading);
      return expanded === undefined ? long.canonical(node, reading) : long.canonical(tagged(expanded, node), reading);
    },
  };
}

/** The same shape, replaced by a later file instead of merged. */
export const whole = <T>(shape: Shape<T>): Shape<T> => ({ ...shape, merge: replaced });

/** The first of two shapes, unless the node is null. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    canonical: (node, reading) => (isNull(node) ? node : shape.canonical(node, reading)),
    keys: () => shape.keys?.() ?? [],
    merge: (base, over) => (isNull(base) || isNull(over) ? over : shape.merge(base, over)),
    value: (node) => (isNull(node) ? null : shape.value(node)),
  };
}

/** Anything, as it stands: what is kept for others. */
export const anything: Shape<unknown> = {
  canonical: (node) => node,
  merge: mergeAnything,
  value: (node) => anythingValue(node),
};

function anythingValue(node: ComposeNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "sequence") return node.items.map(anythingValue);
  return Object.fromEntries([...node.entries].map(([key, value]) => [key, anythingValue(value)]));
}

function mergeAnything(base: ComposeNode, over: ComposeNode): ComposeNode {
  if (base.kind === "mapping" && over.kind === "mapping") return mergeEntries(base, over, () => mergeAnything);
  if (base.kind === "sequence" && over.kind === "sequence")
    return sequenceNode([...base.items, ...over.items], over.at);
  return over;
}

function mergeEntries(
  base: ComposeNode,
  over: ComposeNode,
  mergeOf: (key: string) => (base: ComposeNode, over: ComposeNode) => ComposeNode,
): ComposeNode {
  const entries = new Map((base as MappingNode).entries);
  for (const [key, value] of (over as MappingNode).entries) {
    const before = entries.get(key);
    if (value.tag === "reset") entries.delete(key);
    else if (before === undefined || before.tag === "reset" || value.tag === "override") entries.set(key, value);
    else entries.set(key, mergeOf(key)(before, value));
  }
  return mappingNode(entries, over.at);
}

function unknownKey(key: string, value: ComposeNode, { path }: Reading, known: readonly string[]): Error {
  const near = known.find((candidate) => isNear(candidate, key));
  const where = path === "" ? "" : `${path}: `;
  return mistakeAt(
    value.at,
    `${where}additional properties '${key}' not allowed`,
    near === undefined ? undefined : `Did you mean '${near}'?`,
  );
}

/** One letter more, less, other or swapped; or the same without its case, hyphens and underscores. */
function isNear(known: string, typed: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/gu, "");
  if (plain(known) === plain(typed) || plain(known) === `${plain(typed)}s` || `${plain(known)}s` === plain(typed))
    return true;
  if (Math.abs(known.length - typed.length) > 1 || typed.length < 3) return false;
  let at = 0;
  while (at < known.length && known[at] === typed[at]) at++;
  const [rest, other] = [known.slice(at), typed.slice(at)];
  return (
    rest.slice(1) === other ||
    rest === other.slice(1) ||
    rest.slice(1) === other.slice(1) ||
    (rest.slice(2) === other.slice(2) && rest[0] === other[1] && rest[1] === other[0])
  );
}

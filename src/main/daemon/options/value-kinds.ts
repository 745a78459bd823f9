import { parseBytes } from "#base/units.ts";
import { ulimits, type Ulimit } from "#cli/container/options/resource-options.ts";
import { int, list, text, toggle, type FlagKind } from "#cli/flags/flag-kind.ts";

/** What a setting is: as a flag, and as a value of daemon.json, both giving the same. */
export interface ValueKind {
  readonly flag: FlagKind<unknown>;
  /** How daemon.json writes it, for people. */
  readonly json: string;
  /** The value from JSON. Throws {@link WrongType}, or an error whose message says what is wrong with it. */
  readonly read: (json: unknown) => unknown;
}

/** JSON of another type than Go's decoder would take there. */
export class WrongType extends Error {
  readonly goType: string;
  readonly found: string;

  constructor(json: unknown, goType: string) {
    const found = jsonType(json);
    super(`cannot unmarshal ${found} into Go value of type ${goType}`);
    this.goType = goType;
    this.found = found;
  }
}

/** Go's name of a JSON value's type; numbers with their digits where an integer was wanted. */
function jsonType(json: unknown): string {
  if (Array.isArray(json)) return "array";
  if (typeof json === "number") return Number.isInteger(json) ? "number" : `number ${json}`;
  return typeof json === "boolean" ? "bool" : typeof json;
}

function scalar<T>(flag: FlagKind<T>, json: string, goType: string, is: (value: unknown) => boolean): ValueKind {
  return {
    flag,
    json,
    read(value) {
      if (!is(value)) throw new WrongType(value, goType);
      return value;
    },
  };
}

const isText = (value: unknown): boolean => typeof value === "string";

export const string = scalar(text, "string", "string", isText);
export const boolean = scalar(toggle, "true or false", "bool", (value) => typeof value === "boolean");
export const integer = scalar(int, "whole number", "int", Number.isInteger);

export const stringList: ValueKind = {
  flag: list,
  json: "list of strings",
  read(value) {
    if (!Array.isArray(value)) throw new WrongType(value, "[]string");
    for (const item of value) if (!isText(item)) throw new WrongType(item, "string");
    return value as readonly string[];
  },
};

/** `size` as `64m`; a number is bytes. */
export const byteSize: ValueKind = {
  flag: { typeName: "bytes", initial: 0, accept: (_before, value) => parseBytes(value) },
  json: "string with a unit, or bytes",
  read(value) {
    if (typeof value === "number" && Number.isInteger(value)) return value;
    if (!isText(value)) throw new WrongType(value, "opts.MemBytes");
    return parseBytes(value as string);
  },
};

function object(value: unknown, goType: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WrongType(value, goType);
  return Object.entries(value);
}

const asMap =
  <T>(entry: (value: string) => readonly [string, T]) =>
  (before: unknown, value: string): Readonly<Record<string, T>> => ({
    ...(before as Readonly<Record<string, T>>),
    ...Object.fromEntries([entry(value)]),
  });

function cut(value: string, complaint: string): readonly [string, string] {
  const at = value.indexOf("=");
  if (at < 1) throw new Error(complaint);
  return [value.slice(0, at), value.slice(at + 1)];
}

/** `name=value`, repeated; an object of strings. */
export const pairs: ValueKind = {
  flag: {
    typeName: "map",
    initial: {},
    accept: asMap((value) => {
      const at = value.indexOf("=");
      return at === -1 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
    }),
  },
  json: "object of strings",
  read(value) {
    for (const [, item] of object(value, "map[string]string")) if (!isText(item)) throw new WrongType(item, "string");
    return value;
  },
};

/** `name[=true|false]`, repeated; an object of booleans. */
export const switches: ValueKind = {
  flag: {
    typeName: "map",
    initial: {},
    accept: asMap((value) => {
      const [name, on] = value.includes("=") ? cut(value, `invalid feature option ${value}`) : [value, "true"];
      return [name, toggle.accept(false, on)];
    }),
  },
  json: "object of booleans",
  read(value) {
    for (const [, item] of object(value, "map[string]bool"))
      if (typeof item !== "boolean") throw new WrongType(item, "bool");
    return value;
  },
};

/** `nofile=1024:2048`, repeated; `{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`. The value is by name. */
export const ulimitMap: ValueKind = {
  flag: {
    typeName: "ulimit",
    initial: {},
    accept: asMap((value) => {
      const [limit] = ulimits.accept([], value);
      if (limit === undefined) throw new Error(`invalid ulimit argument: ${value}`);
      return [limit.Name, limit];
    }),
  },
  json: "object of {Name, Soft, Hard} by name",
  read(value) {
    const entries = object(value, "map[string]*container.Ulimit").map(([name, item]): [string, Ulimit] => {
      const { Name = name, Soft, Hard } = Object.fromEntries(object(item, "units.Ulimit"));
      if (typeof Name !== "string") throw new WrongType(Name, "string");
      const bounds = [Soft ?? Hard, Hard ?? Soft];
      for (const bound of bounds) if (!Number.isInteger(bound)) throw new WrongType(bound, "int64");
      const [soft, hard] = bounds as [number, number];
      return [name, ulimits.accept([], `${Name}=${soft}:${hard}`)[0] as Ulimit];
    });
    return Object.fromEntries(entries);
  },
};

export interface Pool {
  readonly base: string;
  readonly size: number;
}

/** `base=10.0.0.0/8,size=24`, repeated; `[{"base": "10.0.0.0/8", "size": 24}]`. */
export const addressPools: ValueKind = {
  flag: {
    typeName: "pool-options",
    initial: [],
    accept(before, value) {
      const fields = new Map(
        value.split(",").map((word) => cut(word, `invalid field '${word}' must be a key=value pair`)),
      );
      const [base, size] = [fields.get("base"), fields.get("size")];
      for (const key of fields.keys()) {
        if (key !== "base" && key !== "size") throw new Error(`unexpected key '${key}' in '${value}'`);
      }
      if (base === undefined || size === undefined || !/^\d+$/.test(size)) {
        throw new Error(`invalid default address pool ${JSON.stringify(value)}: want base=CIDR,size=BITS`);
      }
      return [...(before as readonly Pool[]), { base, size: Number(size) }];
    },
  },
  json: 'list of {"base": CIDR, "size": bits}',
  read(value) {
    if (!Array.isArray(value)) throw new WrongType(value, "[]*ipamutils.NetworkToSplit");
    for (const item of value) {
      const { base, size } = Object.fromEntries(object(item, "ipamutils.NetworkToSplit"));
      if (!isText(base)) throw new WrongType(base, "string");
      if (!Number.isInteger(size)) throw new WrongType(size, "int");
    }
    return value as readonly Pool[];
  },
};

/** Another OCI runtime, as daemon.json describes it. */
export interface RuntimeEntry {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
  readonly runtimeType?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** `name=path`, repeated; `{"name": {"path": "/usr/bin/crun", "runtimeArgs": []}}`. */
export const runtimes: ValueKind = {
  flag: {
    typeName: "runtime",
    initial: {},
    accept: asMap((value): readonly [string, RuntimeEntry] => {
      const [name, path] = cut(value, `invalid runtime argument: ${value}`).map((word) => word.trim());
      if (name === undefined || path === undefined || name === "" || path === "")
        throw new Error(`invalid runtime argument: ${value}`);
      return [name.toLowerCase(), { path }];
    }),
  },
  json: 'object of {"path", "runtimeArgs"} by name',
  read(value) {
    for (const [, item] of object(value, "map[string]system.Runtime")) {
      for (const [field, inner] of object(item, "system.Runtime")) {
        if (field === "runtimeArgs") stringList.read(inner);
        else if (field === "options") object(inner, "map[string]interface {}");
        else string.read(inner);
      }
    }
    return value;
  },
};

/** What daemon.json says of the registries whose repositories begin with a prefix. */
export interface RegistryEntry {
  readonly mirrors: readonly string[];
  readonly only: boolean;
}

/** `{"quay.io": {"mirrors": ["https://m.example/quay"], "only": true}}`. */
export const registryEntries: ValueKind = {
  flag: { typeName: "registry", initial: {}, accept: (before) => before },
  json: 'object of {"mirrors": URLs, "only": true or false} by prefix',
  read(value) {
    const entries = object(value, "map[string]object").map(([prefix, item]): [string, RegistryEntry] => {
      const fields = Object.fromEntries(object(item, "object"));
      for (const name of Object.keys(fields))
        if (name !== "mirrors" && name !== "only") throw new Error(`registries: unknown field ${JSON.stringify(name)}`);
      const { mirrors, only = false } = fields;
      return [prefix, { mirrors: stringList.read(mirrors) as readonly string[], only: boolean.read(only) as boolean }];
    });
    return Object.fromEntries(entries);
  },
};

/** When unused images go by themselves, as daemon.json says it. */
export interface CleanupEntry {
  readonly high?: string;
  readonly low?: string;
  readonly "unused-for"?: string;
  readonly keep?: readonly string[];
  readonly every?: string;
  readonly "dry-run"?: boolean;
}

/** `{"high": "20GB", "low": "15GB", "unused-for": "168h", "keep": ["app*"], "every": "1h", "dry-run": false}`. */
export const cleanup: ValueKind = {
  flag: { typeName: "cleanup", initial: undefined, accept: (before) => before },
  json: "object of high, low, unused-for, keep, every, dry-run",
  read(value) {
    const kinds: Readonly<Record<string, ValueKind>> = {
      high: string,
      low: string,
      "unused-for": string,
      keep: stringList,
      every: string,
      "dry-run": boolean,
    };
    for (const [name, item] of object(value, "object")) {
      const kind = kinds[name];
      if (kind === undefined) throw new Error(`image-cleanup: unknown field ${JSON.stringify(name)}`);
      kind.read(item);
    }
    return value;
  },
};

/** An object nobody looks into: for what is refused whatever it holds. */
export const anything: ValueKind = { flag: text, json: "object", read: (value) => value };

import { csvFields } from "#base/csv-fields.ts";
import { messageOf } from "#base/errors.ts";
import { quoteGo } from "#base/quote-go.ts";
import { parseBytes } from "#base/units.ts";
import { wrong } from "../dockerfile-error.ts";
import { withSuggestion } from "../suggest.ts";
import type { RunMount } from "../types.ts";
import { parseGoBool } from "./parse-bool.ts";

const TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const SHARING = ["shared", "private", "locked"] as const;
const KEYS = [
  "type",
  "from",
  "source",
  "target",
  "readonly",
  "id",
  "sharing",
  "required",
  "size",
  "mode",
  "uid",
  "gid",
  "src",
  "dst",
  "destination",
  "ro",
  "rw",
  "readwrite",
  "env",
];

type MountType = (typeof TYPES)[number];

/** What was written, any type's options together. */
interface Draft {
  type: MountType;
  from: string;
  source: string;
  target: string;
  /** Undefined: the type's own. */
  readOnly?: boolean;
  sizeBytes?: number;
  id: string;
  sharing?: (typeof SHARING)[number];
  required: boolean;
  env?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

/** What can be said of a mount before its variables are put in. */
export function checkMount(text: string): void {
  for (const { key, value } of fieldsOf(text)) {
    const dollar = value?.indexOf("$") ?? -1;
    if (key === "from" && dollar >= 0 && dollar !== (value?.length ?? 0) - 1)
      throw wrong(`'${key}' doesn't support variable expansion, define alias stage instead`);
  }
}

/** The stage, image or context that a mount names; empty for none. */
export function mountFrom(text: string): string {
  return fieldsOf(text).findLast(({ key }) => key === "from")?.value ?? "";
}

/** A `--mount` of RUN; `expand` puts the variables into its values. `invalid-parameter` in BuildKit's words. */
export function parseMount(text: string, expand: (value: string) => string): RunMount {
  const draft: Draft = { type: "bind", from: "", source: "", target: "", id: "", required: false };
  for (const { key, value, field } of fieldsOf(text)) {
    if (value === undefined) setSwitch(draft, key, field);
    else setValue(draft, key, expand(value), field);
  }
  checkDraft(draft);
  return finished(draft);
}

function fieldsOf(text: string): readonly { readonly key: string; readonly value?: string; readonly field: string }[] {
  let fields: readonly string[];
  try {
    fields = csvFields(text);
  } catch (error) {
    throw wrong(`failed to parse csv mounts: ${messageOf(error)}`);
  }
  return fields.map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) return { key: field.toLowerCase(), field };
    return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1), field };
  });
}

function setSwitch(draft: Draft, key: string, field: string): void {
  if (key === "readonly" || key === "ro") draft.readOnly = true;
  else if (key === "readwrite" || key === "rw") draft.readOnly = false;
  else if (key === "required") setRequired(draft, key, true);
  else throw wrong(`invalid field '${field}' must be a key=value pair`);
}

function setValue(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case "type":
      draft.type = oneOf(value, TYPES, "unsupported mount type");
      return;
    case "from":
      draft.from = value;
      return;
    case "source":
    case "src":
      draft.source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      draft.target = value;
      return;
    case "readonly":
    case "ro":
      draft.readOnly = parseGoBool(key, value);
      return;
    case "readwrite":
    case "rw":
      draft.readOnly = !parseGoBool(key, value);
      return;
    case "required":
      setRequired(draft, key, parseGoBool(key, value));
      return;
    case "size":
      if (draft.type !== "tmpfs") throw unexpected(key, draft.type);
      draft.sizeBytes = sizeOf(key, value);
      return;
    case "id":
      draft.id = value;
      return;
    case "sharing":
      draft.sharing = oneOf(value, SHARING, "unsupported sharing value");
      return;
    case "mode":
      draft.mode = numberOf(key, value, 8);
      return;
    case "uid":
    case "gid":
      draft[key] = numberOf(key, value, 10);
      return;
    case "env":
      draft.env = value;
      return;
    default:
      throw wrong(withSuggestion(`unexpected key '${key}' in '${field}'`, key, KEYS));
  }
}

function setRequired(draft: Draft, key: string, required: boolean): void {
  if (draft.type !== "secret" && draft.type !== "ssh") throw unexpected(key, draft.type);
  draft.required = required;
}

function checkDraft(draft: Draft): void {
  const { type } = draft;
  if (type === "bind" || type === "tmpfs") {
    for (const key of ["mode", "uid", "gid"] as const)
      if (draft[key] !== undefined) throw wrong(`${key} not allowed for ${quoteGo(type)} type mounts`);
  }
  if (type === "secret") {
    if (draft.from !== "") throw wrong("secret mount should not have a from");
    if (draft.sharing !== undefined) throw wrong("secret mount should not define sharing");
    if (draft.source === "" && draft.target === "" && draft.id === "")
      throw wrong("invalid secret mount. one of source, target required");
    if (draft.source !== "" && draft.id !== "") throw wrong("both source and id can't be set");
  }
  if (draft.sharing !== undefined && type !== "cache") throw wrong(`invalid cache sharing set for ${type} mount`);
  if (type === "ssh" && draft.source !== "") throw wrong("ssh does not support source");
}

function finished(draft: Draft): RunMount {
  const { type, from, source, target, id, required, uid = 0, gid = 0 } = draft;
  const given = target === "" ? undefined : target;
  switch (type) {
    case "bind":
      return { type, from, source, target, readWrite: draft.readOnly === false };
    case "cache":
      return {
        type,
        from,
        source,
        target,
        id,
        readOnly: draft.readOnly ?? false,
        sharing: draft.sharing ?? "shared",
        mode: draft.mode ?? 0o755,
        uid,
        gid,
      };
    case "tmpfs":
      return { type, target, sizeBytes: draft.sizeBytes === 0 ? undefined : draft.sizeBytes };
    case "secret": {
      const name = source !== "" ? source : id !== "" ? id : baseName(target);
      return { type, id: name, target: given, env: draft.env, required, mode: draft.mode ?? 0o400, uid, gid };
    }
    case "ssh":
      return { type, id: id === "" ? "default" : id, target: given, required, mode: draft.mode ?? 0o600, uid, gid };
  }
}

function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) || "/";
}

function oneOf<T extends string>(value: string, known: readonly T[], message: string): T {
  const found = known.find((word) => word === value.toLowerCase());
  if (found === undefined) throw wrong(withSuggestion(`${message} ${quoteGo(value)}`, value, known), known.join(", "));
  return found;
}

function numberOf(key: string, value: string, base: 8 | 10): number {
  const digits = base === 8 ? /^[0-7]+$/ : /^[0-9]+$/;
  const number = digits.test(value) ? Number.parseInt(value, base) : Number.NaN;
  if (Number.isNaN(number) || number > 0xffffffff) throw wrong(`invalid value ${value} for ${key}`);
  return number;
}

function sizeOf(key: string, value: string): number {
  try {
    return parseBytes(value);
  } catch {
    throw wrong(`invalid value for ${key}: ${value}`, "bytes, or a number with k, m or g");
  }
}

function unexpected(key: string, type: MountType): Error {
  return wrong(`unexpected key '${key}' for mount type '${type}'`);
}

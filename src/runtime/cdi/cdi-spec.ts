import { invalid } from "#base/errors.ts";
import type { Hook, Hooks } from "#spec/oci/runtime.ts";

/** A device description of the Container Device Interface (cncf-tags/container-device-interface SPEC.md, 0.3 … 1.0). */
export interface CdiSpec {
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly devices: readonly CdiDevice[];
  /** For every container that gets any of the devices. */
  readonly edits: CdiEdits;
}

export interface CdiDevice {
  readonly name: string;
  readonly edits: CdiEdits;
}

export interface CdiEdits {
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly deviceNodes: readonly CdiNode[];
  readonly mounts: readonly CdiMount[];
  readonly additionalGids: readonly number[];
  readonly hooks: readonly CdiHook[];
}

export interface CdiHook {
  readonly when: keyof Hooks;
  readonly hook: Hook;
}

export interface CdiNode {
  readonly path: string;
  readonly hostPath: string;
  readonly type: string;
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly fileMode: number | undefined;
  /** Letters of `rwm`. */
  readonly permissions: string;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface CdiMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly options: readonly string[];
}

const noEdits: CdiEdits = { env: [], deviceNodes: [], mounts: [], additionalGids: [], hooks: [] };

type Fields = Readonly<Record<string, unknown>>;

/** `invalid-parameter` naming what has not the form it must have. */
export function parseCdiSpec(value: unknown): CdiSpec {
  const spec = fields(value, "specification");
  text(spec, "cdiVersion");
  const kind = text(spec, "kind");
  if (!kindPattern.test(kind)) throw invalid(`invalid kind ${JSON.stringify(kind)}`);
  const devices = list(spec, "devices").map((entry) => {
    const device = fields(entry, "device");
    const name = text(device, "name");
    if (!namePattern.test(name)) throw invalid(`invalid device name ${JSON.stringify(name)}`);
    return { name, edits: parseEdits(device["containerEdits"]) };
  });
  if (new Set(devices.map(({ name }) => name)).size !== devices.length) throw invalid("a device is named twice");
  return { kind, devices, edits: parseEdits(spec["containerEdits"]) };
}

const kindPattern = /^[a-zA-Z](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?\/[a-zA-Z](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/u;
const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9_.:-]*[a-zA-Z0-9])?$/u;

function parseEdits(value: unknown): CdiEdits {
  if (value === undefined || value === null) return noEdits;
  const edits = fields(value, "containerEdits");
  for (const name of ["intelRdt", "netDevices"])
    if (edits[name] !== undefined) throw invalid(`${name} is not supported`);
  return {
    env: list(edits, "env").map(parseVariable),
    deviceNodes: list(edits, "deviceNodes").map(parseNode),
    mounts: list(edits, "mounts").map(parseMount),
    additionalGids: list(edits, "additionalGids").map((gid) => {
      if (typeof gid !== "number" || !Number.isInteger(gid) || gid < 0) throw invalid("invalid additionalGids");
      return gid;
    }),
    hooks: list(edits, "hooks").map(parseHook),
  };
}

const hookNames: Readonly<Record<keyof Hooks, true>> = {
  prestart: true,
  createRuntime: true,
  createContainer: true,
  startContainer: true,
  poststart: true,
  poststop: true,
};

function parseHook(value: unknown): CdiHook {
  const hook = fields(value, "hook");
  const when = text(hook, "hookName");
  if (!Object.hasOwn(hookNames, when)) throw invalid(`there are no hooks ${JSON.stringify(when)}`);
  const timeout = number(hook, "timeout");
  return {
    when: when as keyof Hooks,
    hook: {
      path: absolute(text(hook, "path")),
      args: list(hook, "args").map((entry) => anyText(entry, "a hook's argument")),
      env: list(hook, "env").map(parseVariable),
      ...(timeout === undefined ? {} : { timeout }),
    },
  };
}

function parseVariable(entry: unknown): string {
  if (typeof entry !== "string" || entry.indexOf("=") < 1)
    throw invalid(`invalid environment variable ${String(entry)}`);
  return entry;
}

function parseNode(value: unknown): CdiNode {
  const node = fields(value, "device node");
  const path = absolute(text(node, "path"));
  const permissions = optionalText(node, "permissions") || "rwm";
  if (!/^[rwm]{1,3}$/u.test(permissions)) throw invalid(`device node ${path} has invalid permissions ${permissions}`);
  const type = optionalText(node, "type");
  if (!["", "b", "c", "u", "p"].includes(type)) throw invalid(`device node ${path} has an invalid type ${type}`);
  return {
    path,
    hostPath: absolute(optionalText(node, "hostPath") || path),
    type,
    permissions,
    major: number(node, "major"),
    minor: number(node, "minor"),
    fileMode: number(node, "fileMode"),
    uid: number(node, "uid"),
    gid: number(node, "gid"),
  };
}

function parseMount(value: unknown): CdiMount {
  const mount = fields(value, "mount");
  const type = optionalText(mount, "type");
  if (type !== "" && type !== "bind") throw invalid(`mounts of type ${type} are not supported`);
  return {
    hostPath: absolute(text(mount, "hostPath")),
    containerPath: absolute(text(mount, "containerPath")),
    options: list(mount, "options").map((option) => anyText(option, "a mount option")),
  };
}

function absolute(path: string): string {
  if (!path.startsWith("/") || path.includes("\0")) throw invalid(`path ${JSON.stringify(path)} is not absolute`);
  return path;
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(`the ${what} is not an object`);
  return value as Fields;
}

function anyText(value: unknown, what: string): string {
  if (typeof value !== "string") throw invalid(`${what} is not text`);
  return value;
}

function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== "string" || value === "") throw invalid(`${name} is missing`);
  return value;
}

function optionalText(from: Fields, name: string): string {
  const value = from[name] ?? "";
  if (typeof value !== "string") throw invalid(`${name} is not text`);
  return value;
}

function number(from: Fields, name: string): number | undefined {
  const value = from[name] ?? undefined;
  if (value !== undefined && (typeof value !== "number" || !Number.isInteger(value) || value < 0))
    throw invalid(`${name} is not a number`);
  return value;
}

function list(from: Fields, name: string): readonly unknown[] {
  const value = from[name] ?? [];
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`);
  return value;
}

import type { FlagKind } from "../../flags/flag-kind.ts";
import { parseBool } from "../../flags/flag-kind.ts";
import { parseBytes } from "#base/units.ts";
import { csvFields } from "#base/csv-fields.ts";

/** A mount as `--mount` describes it; a source that starts with `.` is still relative. */
export interface MountOption {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  /** Not Docker's. */
  Owner?: { UID?: number; GID?: number };
  BindOptions?: BindOptions;
  VolumeOptions?: VolumeOptions;
  ImageOptions?: { Subpath?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

interface BindOptions {
  Propagation?: string;
  NonRecursive?: boolean;
  CreateMountpoint?: boolean;
  ReadOnlyNonRecursive?: boolean;
  ReadOnlyForceRecursive?: boolean;
}

interface VolumeOptions {
  NoCopy?: boolean;
  Labels?: Record<string, string>;
  Subpath?: string;
  DriverConfig?: { Name?: string; Options?: Record<string, string> };
}

export const mountOptions: FlagKind<readonly MountOption[]> = {
  typeName: "mount",
  initial: [],
  accept: (before, value) => [...before, parseMount(value)],
};

/** `type=bind,src=/a,dst=/b,readonly`. Throws with docker's words. */
function parseMount(value: string): MountOption {
  const mount: MountOption = { Type: "volume" };
  for (const field of csvFields(value)) applyField(mount, field);
  checkMount(mount);
  return mount;
}

function applyField(mount: MountOption, field: string): void {
  const equals = field.indexOf("=");
  const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  if (equals === -1) {
    if (key === "readonly" || key === "ro") mount.ReadOnly = true;
    else if (key === "volume-nocopy") volumeOptions(mount).NoCopy = true;
    else if (key === "bind-nonrecursive") bindOptions(mount).NonRecursive = true;
    else if (key === "bind-create-src") bindOptions(mount).CreateMountpoint = true;
    else throw new Error(`invalid field '${field}' must be a key=value pair`);
    return;
  }
  const value = field.slice(equals + 1);
  switch (key) {
    case "type":
      mount.Type = value.toLowerCase();
      return;
    case "source":
    case "src":
      mount.Source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      mount.Target = value;
      return;
    case "readonly":
    case "ro":
      if (boolField(key, value)) mount.ReadOnly = true;
      else delete mount.ReadOnly;
      return;
    case "consistency":
      mount.Consistency = value.toLowerCase();
      return;
    case "bind-propagation":
      bindOptions(mount).Propagation = value.toLowerCase();
      return;
    case "bind-nonrecursive":
      bindOptions(mount).NonRecursive = boolField(key, value);
      return;
    case "bind-create-src":
      bindOptions(mount).CreateMountpoint = boolField(key, value);
      return;
    case "bind-recursive":
      applyRecursive(mount, key, value);
      return;
    case "volume-subpath":
      volumeOptions(mount).Subpath = value;
      return;
    case "volume-nocopy":
      volumeOptions(mount).NoCopy = boolField(key, value);
      return;
    case "volume-label":
      addPair((volumeOptions(mount).Labels ??= {}), value);
      return;
    case "volume-driver":
      driverConfig(mount).Name = value;
      return;
    case "volume-opt":
      addPair((driverConfig(mount).Options ??= {}), value);
      return;
    case "uid":
      (mount.Owner ??= {}).UID = idField(key, value);
      return;
    case "gid":
      (mount.Owner ??= {}).GID = idField(key, value);
      return;
    case "image-subpath":
      (mount.ImageOptions ??= {}).Subpath = value;
      return;
    case "tmpfs-size":
      tmpfsOptions(mount).SizeBytes = valueOr(key, value, () => parseBytes(value));
      return;
    case "tmpfs-mode":
      if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
      tmpfsOptions(mount).Mode = Number.parseInt(value, 8);
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

function applyRecursive(mount: MountOption, key: string, value: string): void {
  const options = bindOptions(mount);
  if (value === "disabled") options.NonRecursive = true;
  else if (value === "writable") options.ReadOnlyNonRecursive = true;
  else if (value === "readonly") options.ReadOnlyForceRecursive = true;
  else if (value !== "enabled") {
    throw new Error(`invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
  }
}

function checkMount(mount: MountOption): void {
  if (mount.Type === "") throw new Error("type is required");
  const mixed = (family: string): Error =>
    new Error(`cannot mix '${family}-*' options with mount type '${mount.Type}'`);
  if (mount.VolumeOptions !== undefined && mount.Type !== "volume") throw mixed("volume");
  if (mount.ImageOptions !== undefined && mount.Type !== "image") throw mixed("image");
  if (mount.BindOptions !== undefined && mount.Type !== "bind") throw mixed("bind");
  if (mount.TmpfsOptions !== undefined && mount.Type !== "tmpfs") throw mixed("tmpfs");
  if (mount.Target === undefined || mount.Target === "") throw new Error("target is required");
  const bind = mount.BindOptions;
  if (bind?.ReadOnlyNonRecursive === true && mount.ReadOnly !== true) {
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  }
  if (bind?.ReadOnlyForceRecursive === true) {
    if (mount.ReadOnly !== true) {
      throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
    }
    if (bind.Propagation !== "rprivate") {
      throw new Error(
        "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
      );
    }
  }
}

function boolField(key: string, value: string): boolean {
  return valueOr(key, value, () => parseBool(value));
}

function idField(key: string, value: string): number {
  if (!/^\d{1,10}$/u.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
  return Number(value);
}

function valueOr<T>(key: string, value: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function addPair(target: Record<string, string>, pair: string): void {
  const equals = pair.indexOf("=");
  const key = equals === -1 ? pair : pair.slice(0, equals);
  if (key !== "") target[key] = equals === -1 ? "" : pair.slice(equals + 1);
}

function bindOptions(mount: MountOption): BindOptions {
  return (mount.BindOptions ??= {});
}

function volumeOptions(mount: MountOption): VolumeOptions {
  return (mount.VolumeOptions ??= {});
}

function driverConfig(mount: MountOption): { Name?: string; Options?: Record<string, string> } {
  return (volumeOptions(mount).DriverConfig ??= {});
}

function tmpfsOptions(mount: MountOption): { SizeBytes?: number; Mode?: number } {
  return (mount.TmpfsOptions ??= {});
}

import { lstatSync, readdirSync, realpathSync, statSync, type Stats } from "node:fs";
import { BerthError } from "#base/errors.ts";
import type { Device } from "#spec/oci/runtime.ts";

/** Numbers of a device node, makedev(3). */
function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

/** A node under /dev as an OCI device, undefined for what is no device. */
function deviceOf(stat: Stats, path: string): Device | undefined {
  const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return undefined;
  return { path, type, ...deviceNumbers(stat.rdev), fileMode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
}

/** A device of the host as a container is to have it. */
export interface HostNode {
  /** The host's own path, no link. */
  readonly hostPath: string;
  readonly node: Device;
}

/**
 * The devices behind `--device PATH`: the node itself (symlinks followed), or all nodes below a directory, placed below
 * `inContainer`. `invalid-parameter` in Docker's words when there is none.
 */
export function devicesAt(onHost: string, inContainer: string): readonly HostNode[] {
  const failed = (reason: string): BerthError =>
    new BerthError(
      "invalid-parameter",
      `error gathering device information while adding custom device ${JSON.stringify(onHost)}: ${reason}`,
    );
  let real: string;
  try {
    real = realpathSync(onHost);
  } catch {
    throw failed("no such file or directory");
  }
  const stat = statSync(real);
  const device = deviceOf(stat, inContainer);
  if (device !== undefined) return [{ hostPath: real, node: device }];
  const found = stat.isDirectory()
    ? walk(real).map((node) => ({ hostPath: node.path, node: { ...node, path: node.path.replace(real, inContainer) } }))
    : [];
  if (found.length === 0) throw failed("not a device node");
  return found;
}

/** The one node at a path (symlinks followed). `invalid-parameter` when it is not one. */
export function deviceAt(path: string): Device {
  const [device, ...more] = devicesAt(path, path);
  if (device === undefined || more.length > 0)
    throw new BerthError("invalid-parameter", `CDI device injection failed: ${path} is not a device node`);
  return device.node;
}

/** All device nodes of the host, as a privileged container gets them: what a container has of its own is left out. */
export function hostDevices(): readonly HostNode[] {
  return walk("/dev")
    .filter(({ path }) => path !== "/dev/console")
    .map((node) => ({ hostPath: node.path, node }));
}

const ownFolders = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"]);

function walk(folder: string): readonly Device[] {
  return readdirSync(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSymbolicLink()) return [];
    if (stat.isDirectory()) return ownFolders.has(name) ? [] : walk(path);
    return deviceOf(stat, path) ?? [];
  });
}

/** Numbers of a block device for an I/O limit. `invalid-parameter` "stat PATH: no such file or directory". */
export function blockDeviceNumbers(path: string): { readonly major: number; readonly minor: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new BerthError("invalid-parameter", `stat ${path}: no such file or directory`);
  // A character device's numbers may be those of some block device: /dev/null's are /dev/ram3's.
  if (!stat.isBlockDevice()) throw new BerthError("invalid-parameter", `${path} is not a block device`);
  return deviceNumbers(stat.rdev);
}

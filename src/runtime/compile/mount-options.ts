import { BerthError } from "#base/errors.ts";
import { mountAttr, propagation } from "#runtime/plan/ops.ts";

/** A mount's option strings (runtime-spec config.md, "Linux mount options") sorted by what they are for. */
export interface MountOptions {
  readonly bind: "no" | "bind" | "rbind";
  readonly remount: boolean;
  /** MOUNT_ATTR_* bits of the top mount to set and to clear. */
  readonly attrSet: number;
  readonly attrClear: number;
  /** The same for the whole tree (`rro`, `rnosuid`, …). */
  readonly attrSetTree: number;
  readonly attrClearTree: number;
  /** Plan propagation, 0 = not said. */
  readonly propagation: number;
  readonly copyUp: boolean;
  readonly idmap: "no" | "idmap" | "ridmap";
  /** What goes to the filesystem: superblock flags and its own options. */
  readonly filesystem: readonly string[];
}

const {
  readonly: ro,
  nosuid,
  nodev,
  noexec,
  noatime,
  strictatime,
  atimeMask,
  nodiratime,
  nosymfollow,
  relatime,
} = mountAttr;

/** option -> bits set and cleared. Access times are one field of three values: setting one clears the others. */
const attributes: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  ro: [ro, 0],
  rw: [0, ro],
  nosuid: [nosuid, 0],
  suid: [0, nosuid],
  nodev: [nodev, 0],
  dev: [0, nodev],
  noexec: [noexec, 0],
  exec: [0, noexec],
  nodiratime: [nodiratime, 0],
  diratime: [0, nodiratime],
  nosymfollow: [nosymfollow, 0],
  symfollow: [0, nosymfollow],
  noatime: [noatime, atimeMask],
  atime: [relatime, atimeMask],
  relatime: [relatime, atimeMask],
  norelatime: [relatime, atimeMask],
  strictatime: [strictatime, atimeMask],
  nostrictatime: [relatime, atimeMask],
};

const propagations: Readonly<Record<string, number>> = {
  private: propagation.private,
  shared: propagation.shared,
  slave: propagation.slave,
  unbindable: propagation.unbindable,
  rprivate: propagation.private | propagation.recursive,
  rshared: propagation.shared | propagation.recursive,
  rslave: propagation.slave | propagation.recursive,
  runbindable: propagation.unbindable | propagation.recursive,
};

/** Superblock flags that fsconfig(2) knows by name. */
const superblock = new Set(["sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand"]);

/** Without effect on a mount made this way: defaults, and flags of mount(8) alone. */
const ignored = new Set([
  "defaults",
  "silent",
  "loud",
  "iversion",
  "noiversion",
  "auto",
  "noauto",
  "user",
  "nouser",
  "_netdev",
  "nofail",
]);

/** Names of all options that are not a filesystem's own; for `features`. */
export const mountOptionNames: readonly string[] = [
  ...Object.keys(attributes),
  ...Object.keys(attributes).map((name) => `r${name}`),
  ...Object.keys(propagations),
  ...superblock,
  ...[
    "defaults",
    "silent",
    "loud",
    "iversion",
    "noiversion",
    "bind",
    "rbind",
    "remount",
    "tmpcopyup",
    "idmap",
    "ridmap",
  ],
].toSorted();

/** Later options win over earlier ones. */
export function parseMountOptions(options: readonly string[], destination: string): MountOptions {
  let bind: MountOptions["bind"] = "no";
  let idmap: MountOptions["idmap"] = "no";
  let [remount, copyUp, chosen] = [false, false, 0];
  const top = new Attributes();
  const tree = new Attributes();
  const filesystem: string[] = [];
  for (const option of options) {
    const own = attributes[option];
    const below = option.startsWith("r") ? attributes[option.slice(1)] : undefined;
    const mode = propagations[option];
    if (option === "bind" || option === "rbind") bind = bind === "rbind" ? "rbind" : option;
    else if (option === "remount") remount = true;
    else if (option === "tmpcopyup") copyUp = true;
    else if (option === "idmap" || option === "ridmap") idmap = option;
    else if (own !== undefined) top.apply(own);
    else if (below !== undefined) tree.apply(below);
    else if (mode !== undefined) {
      chosen = mode;
    } else if (superblock.has(option)) filesystem.push(option);
    else if (!ignored.has(option)) {
      if (option === "" || option.includes("\0"))
        throw new BerthError(
          "invalid-parameter",
          `mount ${destination} has an invalid option ${JSON.stringify(option)}`,
        );
      filesystem.push(option);
    }
  }
  return {
    bind,
    remount,
    copyUp,
    idmap,
    propagation: chosen,
    attrSet: top.set,
    attrClear: top.clear,
    attrSetTree: tree.set,
    attrClearTree: tree.clear,
    filesystem,
  };
}

class Attributes {
  set = 0;
  clear = 0;

  apply([set, clear]: readonly [number, number]): void {
    this.set = (this.set & ~clear) | set;
    this.clear = (this.clear & ~set) | clear;
  }
}

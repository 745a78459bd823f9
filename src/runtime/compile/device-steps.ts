import { BerthError } from "#base/errors.ts";
import type { Step } from "#runtime/plan/ops.ts";
import type { Device, DeviceRule, Mount, Resources, RuntimeSpec } from "#spec/oci/runtime.ts";

/** Nodes every container has (config-linux.md, "Default Devices"); /dev/console and /dev/ptmx come with the terminal and devpts. */
const defaultDevices: readonly Device[] = (
  [
    ["null", 3, 1],
    ["zero", 5, 1],
    ["full", 7, 1],
    ["random", 8, 1],
    ["urandom", 9, 1],
    ["tty", 0, 5],
  ] as const
).map(([name, minor, major]) => ({ path: `/dev/${name}`, type: "c", major, minor, fileMode: 0o666, uid: 0, gid: 0 }));

const symlinks = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
  ["/dev/core", "/proc/kcore"],
  ["/dev/ptmx", "pts/ptmx"],
] as const;

const EEXIST = 17;

/** Device nodes and links below /dev; nothing when /dev is the host's own by a bind. */
export function deviceSteps(spec: RuntimeSpec, userNamespace: boolean): readonly Step[] {
  if ((spec.mounts ?? []).some((mount) => mount.destination === "/dev" && isBind(mount))) return [];
  const byPath = new Map([...defaultDevices, ...(spec.linux?.devices ?? [])].map((device) => [device.path, device]));
  const folders = new Set<string>();
  const nodes: Step[] = [];
  for (const device of byPath.values()) {
    const folder = device.path.slice(0, device.path.lastIndexOf("/"));
    if (!device.path.startsWith("/") || folder === device.path)
      throw new BerthError("invalid-parameter", `device path ${JSON.stringify(device.path)} is not absolute`);
    if (folder !== "" && folder !== "/dev") folders.add(folder);
    nodes.push(userNamespace ? bindNode(device) : node(device));
  }
  return [
    ...[...folders].map((path): Step => ({ op: "mkdir", path, mode: 0o755, uid: 0, gid: 0 })),
    ...nodes,
    ...symlinks.map(([path, target]): Step => ({ op: "symlink", path, target, tolerate: [EEXIST] })),
  ];
}

const typeBits = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 } as const;

function node({ path, type, major, minor, fileMode, uid, gid }: Device): Step {
  const bits = typeBits[type];
  if (bits === undefined)
    throw new BerthError("invalid-parameter", `device ${path} has an unknown type ${JSON.stringify(type)}`);
  if (type !== "p" && (major === undefined || minor === undefined))
    throw new BerthError("invalid-parameter", `device ${path} has no major or minor number`);
  return {
    op: "mknod",
    path,
    mode: bits | ((fileMode ?? 0o666) & 0o7777),
    major: major ?? 0,
    minor: minor ?? 0,
    uid: uid ?? 0,
    gid: gid ?? 0,
  };
}

/** mknod(2) of devices is refused in a user namespace: the host's node of that name stands in. */
function bindNode({ path }: Device): Step {
  return {
    op: "bind",
    source: path,
    target: path,
    recursive: false,
    attrSet: 0,
    attrClear: 0,
    attrSetTree: 0,
    attrClearTree: 0,
    propagation: 0,
    idmapUid: "",
    idmapGid: "",
  };
}

export function isBind({ type, options }: Mount): boolean {
  return type === "bind" || (options ?? []).some((option) => option === "bind" || option === "rbind");
}

/** What the default devices need, after the spec's own rules: making nodes is harmless, using them is not. */
const alwaysAllowed: readonly DeviceRule[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 2],
    ] as const
  ).map(([major, minor]): DeviceRule => ({ allow: true, type: "c", major, minor, access: "rwm" })),
  { allow: true, type: "c", major: 136, minor: -1, access: "rwm" },
];

/**
 * The resources a container's cgroup is made with: nothing is allowed but what the spec's device rules and the default
 * devices need. A spec that allows everything stays that way.
 */
export function cgroupResources({ linux }: Pick<RuntimeSpec, "linux">): Resources {
  const resources = linux?.resources ?? {};
  const rules = resources.devices ?? [];
  const allowsAll = rules.findLast(({ type }) => type === undefined || type === "a")?.allow === true;
  const [first] = rules;
  const denied = first !== undefined && !first.allow && (first.type === undefined || first.type === "a");
  const start: readonly DeviceRule[] = denied ? [] : [{ allow: false, access: "rwm" }];
  return { ...resources, devices: allowsAll ? rules : [...start, ...rules, ...alwaysAllowed] };
}

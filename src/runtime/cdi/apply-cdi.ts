import { override } from "#runtime/docker/environment.ts";
import { placedDevices } from "#runtime/docker/placed-devices.ts";
import type { Device, DeviceRule, Hooks, Mount, RuntimeSpec } from "#spec/oci/runtime.ts";
import type { CdiEdits, CdiHook, CdiNode } from "./cdi-spec.ts";

/** A device node of the host, for what a specification leaves out. */
export type LookUp = (hostPath: string) => Device;

/**
 * A container's spec with the edits of its CDI devices: variables replace, device nodes are made and allowed, mounts come
 * last, groups are added, hooks follow those that are there.
 */
export function applyCdi(spec: RuntimeSpec, edits: readonly CdiEdits[], lookUp: LookUp): RuntimeSpec {
  const { process } = spec;
  if (process === undefined || edits.length === 0) return spec;
  const owner = process.user.uid === 0 ? {} : { uid: process.user.uid, gid: process.user.gid };
  const nodes = edits.flatMap((edit) => edit.deviceNodes.map((node) => deviceOf(node, lookUp, owner)));
  const inUserNamespace = (spec.linux?.namespaces ?? []).some(({ type }) => type === "user");
  const placed = placedDevices(nodes, inUserNamespace);
  const mounts = [...placed.mounts, ...edits.flatMap((edit) => edit.mounts.map(mountOf))];
  const taken = new Set(mounts.map(({ destination }) => destination));
  const paths = new Set(nodes.map(({ node }) => node.path));
  const groups = new Set([...(process.user.additionalGids ?? []), ...edits.flatMap((edit) => edit.additionalGids)]);
  const resources = spec.linux?.resources ?? {};
  const hooks = edits.flatMap((edit) => edit.hooks);
  return {
    ...spec,
    ...(hooks.length === 0 ? {} : { hooks: withHooks(spec.hooks ?? {}, hooks) }),
    process: {
      ...process,
      env: override(
        process.env ?? [],
        edits.flatMap((edit) => edit.env),
      ),
      user: { ...process.user, additionalGids: [...groups] },
    },
    mounts: [...(spec.mounts ?? []).filter(({ destination }) => !taken.has(destination)), ...mounts],
    linux: {
      ...spec.linux,
      devices: [...(spec.linux?.devices ?? []).filter(({ path }) => !paths.has(path)), ...placed.nodes],
      resources: { ...resources, devices: [...(resources.devices ?? []), ...nodes.flatMap(({ rule }) => rule)] },
    },
  };
}

function withHooks(present: Hooks, added: readonly CdiHook[]): Hooks {
  const all: { -readonly [K in keyof Hooks]: Hooks[K] } = { ...present };
  for (const { when, hook } of added) all[when] = [...(all[when] ?? []), hook];
  return all;
}

function deviceOf(
  node: CdiNode,
  lookUp: LookUp,
  owner: { readonly uid?: number; readonly gid?: number },
): { readonly hostPath: string; readonly node: Device; readonly rule: readonly DeviceRule[] } {
  const complete = node.type !== "" && (node.type === "p" || (node.major !== undefined && node.minor !== undefined));
  const found = complete ? undefined : lookUp(node.hostPath);
  const type = node.type === "" ? (found?.type ?? "c") : (node.type as Device["type"]);
  const { major = found?.major ?? 0, minor = found?.minor ?? 0, fileMode = found?.fileMode } = node;
  const device: Device = {
    path: node.path,
    type,
    major,
    minor,
    ...(fileMode === undefined ? {} : { fileMode }),
    uid: node.uid ?? owner.uid ?? found?.uid ?? 0,
    gid: node.gid ?? owner.gid ?? found?.gid ?? 0,
  };
  const { hostPath } = node;
  if (type === "p") return { hostPath, node: device, rule: [] };
  return {
    hostPath,
    node: device,
    rule: [{ allow: true, type: type === "b" ? "b" : "c", major, minor, access: node.permissions }],
  };
}

function mountOf({ hostPath, containerPath, options }: CdiEdits["mounts"][number]): Mount {
  const bound = options.includes("bind") || options.includes("rbind") ? options : ["rbind", ...options];
  return { destination: containerPath, type: "bind", source: hostPath, options: bound };
}

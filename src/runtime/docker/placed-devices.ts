import type { Device, Mount } from "#spec/oci/runtime.ts";
import type { HostDevice } from "./types.ts";

/**
 * Devices as a spec has them. Nodes cannot be made in a user namespace, and a runtime that puts the host's own nodes there
 * instead looks for them at the paths inside: they are mounted.
 */
export function placedDevices(
  devices: readonly Pick<HostDevice, "hostPath" | "node">[],
  inUserNamespace: boolean,
): { readonly nodes: readonly Device[]; readonly mounts: readonly Mount[] } {
  if (!inUserNamespace) return { nodes: devices.map(({ node }) => node), mounts: [] };
  const mounts = devices.map(({ hostPath, node }): Mount => {
    return { destination: node.path, type: "bind", source: hostPath, options: ["bind", "rprivate"] };
  });
  return { nodes: [], mounts };
}

import { BerthError } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { EnginePaths } from "../../ports.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";

export interface SharedNamespaces {
  /** /proc/PID/ns/… of running containers. */
  readonly namespaces: { readonly network?: string; readonly pid?: string; readonly ipc?: string };
  /** The /dev/shm that goes with a shared IPC namespace, or the host's. */
  readonly shmPath?: string;
}

type Modes = Pick<HostConfig, "NetworkMode" | "PidMode" | "IpcMode">;

/** What a container shares with running ones (`--network container:X`, `--pid …`, `--ipc …`). `conflict` when it cannot. */
export function sharedNamespaces(
  { registry, paths }: { readonly registry: ContainerRegistry; readonly paths: EnginePaths },
  host: Modes,
): SharedNamespaces {
  const network = namespaceOf(registry, host.NetworkMode, "net", "cannot join network of a non running container: ");
  const pid = namespaceOf(registry, host.PidMode, "pid", "failed to join PID namespace: container ");
  const ipc = namespaceOf(registry, host.IpcMode, "ipc", "failed to join IPC namespace: container ");
  const shmPath = sharedMemory(registry, paths, host.IpcMode);
  return {
    namespaces: {
      ...(network === undefined ? {} : { network }),
      ...(pid === undefined ? {} : { pid }),
      ...(ipc === undefined ? {} : { ipc }),
    },
    ...(shmPath === undefined ? {} : { shmPath }),
  };
}

const partner = (mode: string): string | undefined =>
  mode.startsWith("container:") ? mode.slice("container:".length) : undefined;

function namespaceOf(registry: ContainerRegistry, mode: string, kind: string, refusal: string): string | undefined {
  const name = partner(mode);
  if (name === undefined) return undefined;
  const other = registry.find(name);
  if (!isLive(other.status)) {
    const end = refusal.endsWith(": ") ? "" : " is not running";
    throw new BerthError("conflict", `${refusal}${other.id}${end}`);
  }
  return `/proc/${other.status.pid}/ns/${kind}`;
}

function sharedMemory(registry: ContainerRegistry, paths: EnginePaths, mode: string): string | undefined {
  if (mode === "host") return "/dev/shm";
  const name = partner(mode);
  if (name === undefined) return undefined;
  const donor = registry.find(name);
  const path = ownSharedMemory(donor, paths) ?? sharedMemory(registry, paths, donor.spec.hostConfig.IpcMode);
  if (path !== undefined) return path;
  throw new BerthError(
    "invalid-parameter",
    `failed to join IPC namespace: container ${donor.id} has non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

/** Where on the host the /dev/shm of a container lies that others may join. */
export function ownSharedMemory(container: Container, paths: EnginePaths): string | undefined {
  if (container.spec.hostConfig.IpcMode !== "shareable") return undefined;
  return `${paths.containerMountsDir(container.id)}/shm`;
}

import { formatTime } from "#base/time.ts";
import type { NetworkService } from "#network/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import { containerConfig, type ContainerConfig } from "#spec/docker/container-config.ts";
import type { ContainerInspect } from "#spec/docker/container.ts";
import { hostConfig, type HostConfig } from "#spec/docker/host-config.ts";
import type { ImageService } from "#image/types.ts";
import { wantedApparmor } from "#runtime/docker/wanted-apparmor.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { ExecRegistry } from "../../exec/exec.ts";
import type { EnginePaths } from "../../ports.ts";
import type { Container } from "../container.ts";
import { plannedEndpoints } from "../network/endpoint-plan.ts";
import { linkTexts } from "../network/links.ts";
import { mountPoints } from "../mounts/mount-points.ts";
import { networkSettings } from "../network/network-settings.ts";
import type { ContainerRegistry } from "../registry.ts";
import { containerState, healthState } from "../state.ts";
import { isLive } from "../status.ts";

export interface InspectDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly snapshots: Snapshotter;
  readonly images: ImageService;
  readonly execs: Pick<ExecRegistry, "ofContainer">;
  readonly paths: EnginePaths;
  readonly machine: Pick<MachineFacts, "apparmor">;
}

/** `GET /containers/{id}/json`. With `size`, also the bytes in the writable view. */
export function inspectContainer(deps: InspectDeps) {
  return async (reference: string, options: { readonly size: boolean }): Promise<ContainerInspect> => {
    const container = deps.registry.find(reference);
    const { id, spec, status } = container;
    const started = status.state !== "created" || container.process !== undefined;
    const execIds = deps.execs
      .ofContainer(id)
      .filter((exec) => exec.status.state !== "exited")
      .map((exec) => exec.id);
    return {
      Id: id,
      Created: formatTime(container.createdAtNs),
      Path: spec.argv[0] ?? "",
      Args: spec.argv.slice(1),
      State: { ...containerState(status), ...healthState(container.life) },
      Image: spec.image.id,
      ResolvConfPath: started ? deps.paths.containerResolvConf(id) : "",
      HostnamePath: started ? deps.paths.containerHostname(id) : "",
      HostsPath: started ? deps.paths.containerHosts(id) : "",
      // docker-compat: only this driver's file is for others to read.
      LogPath: started && spec.hostConfig.LogConfig.Type === "json-file" ? deps.paths.containerJsonLog(id) : "",
      Name: `/${container.name}`,
      RestartCount: container.life.restartCount,
      Driver: "overlay2",
      Platform: "linux",
      ...(spec.image.manifest === undefined ? {} : { ImageManifestDescriptor: spec.image.manifest }),
      MountLabel: spec.labels?.mount ?? "",
      ProcessLabel: spec.labels?.process ?? "",
      AppArmorProfile: deps.machine.apparmor ? wantedApparmor(spec.hostConfig) : "",
      ExecIDs: execIds.length === 0 ? null : execIds,
      HostConfig: hostConfig.print({
        ...spec.hostConfig,
        Links: linkTexts(deps.registry, container),
      }) as Partial<HostConfig>,
      GraphDriver: { Name: "overlay2", Data: await graphData(deps.snapshots, id) },
      ...(options.size ? await sizes(deps, id, spec.image.id) : {}),
      Mounts: mountPoints(spec.mounts),
      Config: containerConfig.print({ ...spec.config, MacAddress: mainMac(container) }) as Partial<ContainerConfig>,
      NetworkSettings: networkSettings(container, isLive(status) ? await deps.networks.endpoints(id) : []),
    };
  };
}

/** docker-compat: the address that was asked for in the main network, up to API 1.51. */
function mainMac({ spec }: Container): string {
  return plannedEndpoints(spec)[0]?.settings.MacAddress ?? spec.config.MacAddress;
}

async function graphData(snapshots: Snapshotter, id: string): Promise<Readonly<Record<string, string>> | null> {
  try {
    const { lowerDirs, upperDir, workDir } = await snapshots.mount(id);
    return { LowerDir: lowerDirs.join(":"), UpperDir: upperDir, WorkDir: workDir };
  } catch {
    // Prepared by the first start.
    return null;
  }
}

async function sizes(
  deps: Pick<InspectDeps, "snapshots" | "images">,
  id: string,
  imageId: string,
): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
  const writable = await deps.snapshots.usage(id).then(
    (usage) => usage.sizeBytes,
    () => 0,
  );
  const image = await deps.images.resolve(imageId).then(
    (found) => found.sizeBytes,
    () => 0,
  );
  return { SizeRw: writable, SizeRootFs: image + writable };
}

import { type BerthError, invalid } from "#base/errors.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";

/** Which namespaces a container may ask for, and what goes with them. `invalid-parameter` in Docker's words. */
export function validateModes(config: ContainerConfig, host: HostConfig): void {
  const modes: readonly (readonly [name: string, mode: string, known: readonly string[], withContainer: boolean])[] = [
    ["IPC mode", host.IpcMode, ["", "none", "private", "shareable", "host"], true],
    ["PID mode", host.PidMode, ["", "private", "host"], true],
    ["UTS mode", host.UTSMode, ["", "private", "host"], false],
    ["userns mode", host.UsernsMode, ["", "private", "host"], false],
    ["cgroup namespace mode", host.CgroupnsMode, ["", "private", "host"], false],
  ];
  for (const [name, mode, known, withContainer] of modes) {
    const partner = withContainer && mode.startsWith("container:") && mode !== "container:";
    if (!known.includes(mode) && !partner) throw invalid(`invalid ${name}: ${mode}`);
  }
  if (host.UTSMode === "host" && config.Hostname !== "") throw conflict("hostname and the UTS mode");
  validateNetworkMode(config, host);
}

const conflict = (what: string): BerthError => invalid(`conflicting options: ${what}`);

function validateNetworkMode(config: ContainerConfig, host: HostConfig): void {
  const mode = host.NetworkMode;
  const links = "networking can't be used with links. This would result in undefined behavior";
  const hasLinks = (host.Links ?? []).length > 0;
  if (mode === "host" && hasLinks) throw conflict(`host type ${links}`);
  if (mode === "host" && config.MacAddress !== "") throw conflict("mac-address and the network mode");
  if (!mode.startsWith("container:")) return;
  if (mode === "container:") throw invalid("invalid network mode: invalid container format container:<name|id>");
  if (config.Hostname !== "") throw conflict("hostname and the network mode");
  if (hasLinks) throw conflict(`container type ${links.replace("networking", "network")}`);
  if ((host.Dns ?? []).length > 0) throw conflict("dns and the network mode");
  if ((host.ExtraHosts ?? []).length > 0) throw conflict("custom host-to-IP mapping and the network mode");
  if (config.MacAddress !== "") throw conflict("mac-address and the network mode");
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts)
    throw conflict("port publishing and the container type network mode");
  if (Object.keys(config.ExposedPorts ?? {}).length > 0)
    throw conflict("port exposing and the container type network mode");
}

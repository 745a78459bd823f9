import { type BerthError, invalid } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { CdiDevices } from "./cdi-devices.ts";

type Requests = NonNullable<HostConfig["DeviceRequests"]>;

const gpuKind = "nvidia.com/gpu";

/**
 * The CDI devices that HostConfig.DeviceRequests ask for: by name (`--device vendor.com/class=name`), or graphics
 * processors (`--gpus`), which their vendor's specification describes. `invalid-parameter` in Docker's words.
 */
export function requestedDevices(requests: Requests, devices: CdiDevices): readonly string[] {
  return requests.flatMap((request) => {
    const ids = request.DeviceIDs ?? [];
    if (request.Driver === "cdi") {
      if (request.Count !== 0) throw invalid("unexpected count in CDI device request");
      if (Object.keys(request.Options ?? {}).length > 0) throw invalid("unexpected options in CDI device request");
      return ids;
    }
    const wantsGpu = (request.Capabilities ?? []).some((set) => (set ?? []).includes("gpu"));
    const driver = request.Driver === "" || request.Driver === "nvidia";
    if (!wantsGpu || !driver || !devices.hasKind(gpuKind)) throw noDriver(request);
    if (request.Count !== 0 && ids.length > 0) throw invalid("cannot set both Count and DeviceIDs on device request");
    if (ids.length > 0) return ids.map((id) => `${gpuKind}=${id}`);
    if (request.Count < 0) return [`${gpuKind}=all`];
    return Array.from({ length: request.Count }, (_, index) => `${gpuKind}=${index}`);
  });
}

/** docker-compat: the sets as Go prints them. */
function noDriver({ Driver, Capabilities }: Requests[number]): BerthError {
  const sets = (Capabilities ?? []).map((set) => `[${(set ?? []).join(" ")}]`).join(" ");
  return invalid(`could not select device driver ${JSON.stringify(Driver)} with capabilities: [${sets}]`);
}

import type { Engine } from "#engine/engine.ts";
import { decodeNetworkPolicyChange } from "#spec/berth/network-policy.ts";
import { decodeNetworkRateRequest } from "#spec/berth/network-rate.ts";
import type { Route } from "../call.ts";
import { empty, json } from "../reply.ts";
import { berthImageLayerRoutes } from "./berth-image-layers.ts";
import { berthImageRoutes } from "./berth-images.ts";
import { berthVolumeRoutes } from "./berth-volumes.ts";
import { berthBuildRoutes } from "./berth-build.ts";
import { berthBuildsRoutes } from "./berth-builds.ts";
import { berthRunRoutes } from "./berth-run.ts";

/** What Berth answers beyond the Docker Engine API, under a name that Docker will not take. */
export function berthRoutes(engine: Engine): readonly Route[] {
  return [
    ...berthBuildRoutes(engine),
    ...berthBuildsRoutes(engine),
    ...berthRunRoutes(engine),
    {
      method: "GET",
      pattern: "/berth/containers/{id}/why",
      handle: async ({ params }) => json(await engine.containers.why(params["id"] ?? "")),
    },
    {
      method: "GET",
      pattern: "/berth/ports/{port}/why",
      handle: async ({ params }) => json(await engine.networks.whyPort(params["port"] ?? "")),
    },
    { method: "GET", pattern: "/berth/schedules", handle: () => json(engine.scheduledStarts.list()) },
    {
      method: "POST",
      pattern: "/berth/schedules/{id}/start",
      handle: async ({ params }) => {
        await engine.scheduledStarts.startNow(params["id"] ?? "");
        return empty(204);
      },
    },
    { method: "GET", pattern: "/berth/networks/exposure", handle: async () => json(await engine.networks.exposure()) },
    {
      method: "GET",
      pattern: "/berth/networks/{id}/policy",
      handle: async ({ params }) => json(await engine.networks.policy(params["id"] ?? "")),
    },
    {
      method: "POST",
      pattern: "/berth/networks/{id}/policy",
      handle: async (call) =>
        json(await engine.networks.changePolicy(call.params["id"] ?? "", decodeNetworkPolicyChange(await call.json()))),
    },
    {
      method: "POST",
      pattern: "/berth/containers/{id}/network-rate",
      handle: async (call) => {
        await engine.networks.setRate(call.params["id"] ?? "", decodeNetworkRateRequest(await call.json()));
        return empty(204);
      },
    },
    ...berthImageRoutes(engine),
    ...berthImageLayerRoutes(engine),
    ...berthVolumeRoutes(engine),
  ];
}

import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { networkFilterKeys } from "#engine/network/list.ts";
import { networkPruneKeys } from "#engine/network/prune.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import {
  decodeNetworkConnectRequest,
  decodeNetworkCreateRequest,
  decodeNetworkDisconnectRequest,
  type NetworkConnectRequest,
} from "#spec/docker/network-requests.ts";
import type { Call, Route } from "../call.ts";
import { empty, json } from "../reply.ts";

export function networkRoutes(engine: Engine): readonly Route[] {
  const { networks } = engine;
  const id = ({ params }: Call): string => params["id"] ?? "";
  return [
    // docker-compat: this list alone is also found with a slash behind.
    ...["/networks", "/networks/"].map((pattern): Route => ({
      method: "GET",
      pattern,
      handle: async ({ query, version }) => {
        const list = await networks.list(parseFilters(query.maybe("filters"), networkFilterKeys));
        // Before API 1.28 with who is in them.
        const shown = version.minor < 28 ? await Promise.all(list.map(({ Id }) => networks.inspect(Id))) : list;
        return json(shown, "network-inspect");
      },
    })),
    {
      method: "POST",
      pattern: "/networks/create",
      handle: async (call) => {
        const asked = decodeNetworkCreateRequest(await body(call));
        // API 1.48 brought networks without IPv4.
        const request = call.version.minor < 48 ? { ...asked, EnableIPv4: null } : asked;
        return json(await networks.create(request), undefined, 201);
      },
    },
    {
      method: "POST",
      pattern: "/networks/prune",
      handle: async ({ query, signal }) =>
        json(await networks.prune(parseFilters(query.maybe("filters"), networkPruneKeys), signal)),
    },
    {
      method: "GET",
      pattern: "/networks/{id}",
      handle: async (call) => {
        checkVerbose(call.query.text("verbose"));
        return json(await networks.inspect(id(call), call.query.text("scope")), "network-inspect");
      },
    },
    {
      method: "DELETE",
      pattern: "/networks/{id}",
      handle: async (call) => {
        await networks.remove(id(call));
        return empty(204);
      },
    },
    {
      method: "POST",
      pattern: "/networks/{id}/connect",
      handle: async (call) => {
        const asked = decodeNetworkConnectRequest(await body(call));
        await networks.connect(id(call), call.version.minor < 44 ? withoutMac(asked) : asked);
        return empty(200);
      },
    },
    {
      method: "POST",
      pattern: "/networks/{id}/disconnect",
      handle: async (call) => {
        await networks.disconnect(id(call), decodeNetworkDisconnectRequest(await body(call)));
        return empty(200);
      },
    },
  ];
}

/** API 1.44 brought the addresses of endpoints. dockerd heeds them here since 1.54, which helps nobody before. */
function withoutMac(request: NetworkConnectRequest): NetworkConnectRequest {
  const { EndpointConfig } = request;
  return EndpointConfig === null ? request : { ...request, EndpointConfig: { ...EndpointConfig, MacAddress: "" } };
}

/** More is known of a swarm's networks alone; what is no switch is told all the same. */
function checkVerbose(value: string): void {
  if (/^(?:|1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) return;
  const why = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
  throw new BerthError("invalid-parameter", `invalid value for verbose: ${value}: ${why}`);
}

/** docker-compat: none is one that says nothing. */
async function body(call: Call): Promise<unknown> {
  return (await call.json()) ?? {};
}

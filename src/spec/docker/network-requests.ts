import { decode, dict, flag, list, nullable, struct, text, type Decoded } from "./schema.ts";
import { endpointSettings } from "./networking.ts";

const ipamConfig = struct("network.IPAMConfig", {
  Subnet: text,
  IPRange: text,
  Gateway: text,
  AuxiliaryAddresses: dict(text),
});

const ipam = struct("network.IPAM", { Driver: text, Config: list(ipamConfig), Options: dict(text) });

const createRequest = struct("network.CreateRequest", {
  Name: text,
  /** Before API 1.44; names are unique in any case. */
  CheckDuplicate: flag,
  Driver: text,
  Scope: text,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: nullable(struct("network.ConfigReference", { Network: text })),
  IPAM: nullable(ipam),
  EnableIPv4: nullable(flag),
  EnableIPv6: nullable(flag),
  Options: dict(text),
  Labels: dict(text),
});

/** Body of `POST /networks/create`. */
export type NetworkCreateRequest = Decoded<typeof createRequest>;

export function decodeNetworkCreateRequest(body: unknown): NetworkCreateRequest {
  return decode(createRequest, body);
}

const connectRequest = struct("network.ConnectOptions", {
  Container: text,
  EndpointConfig: nullable(endpointSettings),
});

/** Body of `POST /networks/{id}/connect`. */
export type NetworkConnectRequest = Decoded<typeof connectRequest>;

export function decodeNetworkConnectRequest(body: unknown): NetworkConnectRequest {
  return decode(connectRequest, body);
}

const disconnectRequest = struct("network.DisconnectOptions", { Container: text, Force: flag });

/** Body of `POST /networks/{id}/disconnect`. */
export type NetworkDisconnectRequest = Decoded<typeof disconnectRequest>;

export function decodeNetworkDisconnectRequest(body: unknown): NetworkDisconnectRequest {
  return decode(disconnectRequest, body);
}

export interface NetworkCreated {
  readonly Id: string;
  readonly Warning: string;
}

/** `POST /networks/prune`. */
export interface NetworksPruned {
  /** Names; null when there was nothing to remove. */
  readonly NetworksDeleted: readonly string[] | null;
}

import { decode, struct, text, type Decoded } from "../docker/schema.ts";

const networkRateRequest = struct("berth.NetworkRate", { Rate: text });

/** Body of `POST /berth/containers/{id}/network-rate`: `10mbit[/BURST]`, or `none` for no limit. */
export type NetworkRateRequest = Decoded<typeof networkRateRequest>;

/** `invalid-parameter` for a property of the wrong type. */
export function decodeNetworkRateRequest(body: unknown): NetworkRateRequest {
  return decode(networkRateRequest, body);
}

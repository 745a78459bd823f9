import { decode, list, struct, text, type Decoded } from "../docker/schema.ts";

/** `GET /berth/networks/{id}/policy`, and the answer to its changes. */
export interface NetworkPolicy {
  readonly Network: string;
  /** Nothing passes between the network's containers but what `Rules` allow; else everything does. */
  readonly Enforced: boolean;
  /** `FROM->TO[:PORT[-PORT]/PROTOCOL]`. */
  readonly Rules: readonly string[];
}

const policyChange = struct("berth.NetworkPolicyChange", { Allow: list(text), Remove: list(text) });

/** Body of `POST /berth/networks/{id}/policy`: rules to be added and taken away. */
export type NetworkPolicyChange = Decoded<typeof policyChange>;

/** `invalid-parameter` for a property of the wrong type. */
export function decodeNetworkPolicyChange(body: unknown): NetworkPolicyChange {
  return decode(policyChange, body);
}

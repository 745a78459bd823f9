import { expect, test } from "bun:test";
import type { NetworkService } from "#network/types.ts";
import { decodeNetworkCreateRequest } from "#spec/docker/network-requests.ts";
import { createNetwork } from "./create.ts";

/** The families that the engine is asked for. */
async function familiesOf(body: object): Promise<readonly boolean[]> {
  const asked: boolean[] = [];
  const create: NetworkService["create"] = async ({ ipv4, ipv6 }) => {
    asked.push(ipv4, ipv6);
    throw new Error("far enough");
  };
  const events = { publish: () => {} };
  const request = decodeNetworkCreateRequest({ Name: "n", ...body });
  const deps = { networks: { create } as NetworkService, events } as unknown as Parameters<typeof createNetwork>[0];
  await createNetwork(deps)(request).catch((error: unknown) => {
    if ((error as Error).message !== "far enough") throw error;
  });
  return asked;
}

test("the families of a network come from the request, or else from its options", async () => {
  const options = { "com.docker.network.enable_ipv4": "F", "com.docker.network.enable_ipv6": "1" };
  expect(await familiesOf({})).toEqual([true, false]);
  expect(await familiesOf({ Options: options })).toEqual([false, true]);
  expect(await familiesOf({ EnableIPv4: true, EnableIPv6: false, Options: options })).toEqual([true, false]);
  const bad = familiesOf({ Options: { "com.docker.network.enable_ipv6": "yes" } });
  expect(bad).rejects.toThrow('driver-opt "com.docker.network.enable_ipv6" is not a valid bool');
});

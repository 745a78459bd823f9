import { expect, test } from "bun:test";
import { NetworkStore } from "#state/network-store.ts";
import { openState } from "#state/db.ts";
import { NetworkCatalog } from "./catalog.ts";
import { emptySpec, noGuard, validateEndpointSpec, validateNetworkSpec, type NetworkSpec } from "./network-rows.ts";
import type { NetworkPool } from "./types.ts";

const pool: NetworkPool = { subnet: "172.17.0.0/16", gateway: "172.17.0.1", ipRange: "", auxiliary: {}, asked: false };
const spec: NetworkSpec = {
  ...emptySpec,
  driver: "bridge",
  pools: [pool],
  bridgeName: "berth0",
  options: { a: "b" },
  ownsBridge: true,
  guard: noGuard,
};

function make(): { catalog: NetworkCatalog; again: () => NetworkCatalog } {
  const rows = new NetworkStore({
    database: openState(":memory:"),
    validateNetwork: validateNetworkSpec,
    validateEndpoint: validateEndpointSpec,
  });
  const again = (): NetworkCatalog => {
    const catalog = new NetworkCatalog({ rows, now: () => new Date("2026-01-02T03:04:05Z") });
    catalog.load();
    return catalog;
  };
  return { catalog: again(), again };
}

test("a network keeps its id over restarts and changes", () => {
  const { catalog, again } = make();
  const { id } = catalog.put("bridge", spec);
  catalog.put("bridge", { ...spec, pools: [{ ...pool, gateway: "172.17.0.9" }] });
  expect(again().list()).toEqual([
    {
      id,
      name: "bridge",
      createdAt: "2026-01-02T03:04:05.000Z",
      driver: "bridge",
      ipv4: true,
      ipv6: false,
      pools: [{ ...pool, gateway: "172.17.0.9" }],
      bridgeName: "berth0",
      options: { a: "b" },
      policy: [],
      predefined: true,
      internal: false,
      attachable: false,
      labels: {},
      ipamOptions: {},
      configOnly: false,
      configFrom: "",
    },
  ]);
});

test("find takes names, ids and unique beginnings of ids", () => {
  const { catalog } = make();
  const bridge = catalog.put("bridge", spec);
  const host = catalog.put("host", { ...spec, driver: "host" });
  for (const name of ["bridge", "default", "", bridge.id, bridge.id.slice(0, 12)])
    expect(catalog.find(name).id).toBe(bridge.id);
  expect(catalog.find("host").id).toBe(host.id);
  expect(() => catalog.find("nowhere")).toThrow("network nowhere not found");
  catalog.remove("bridge");
  expect(() => catalog.find("default")).toThrow("network default not found");
});

test("rows that hold something else are refused", () => {
  expect(() => validateNetworkSpec({ ...spec, driver: "overlay" })).toThrow("unexpected driver");
  expect(() => validateNetworkSpec({ ...spec, pools: [{ ...pool, subnet: 3 }] })).toThrow("unexpected subnet");
  expect(() => validateEndpointSpec({ ports: "none" })).toThrow("unexpected ports");
  expect(() => validateEndpointSpec([])).toThrow("unexpected object");
});

test("a row of an earlier program has its one subnet", () => {
  const { pools: _pools, ...former } = spec;
  const addresses = { subnet: "10.9.0.0/24", ipRange: "10.9.0.128/25", gateway: "", auxiliary: { router: "10.9.0.9" } };
  expect(validateNetworkSpec({ ...former, subnet: "10.9.0.0/24", gateway: "10.9.0.1", addresses }).pools).toEqual([
    { ...addresses, gateway: "10.9.0.1", asked: true },
  ]);
});

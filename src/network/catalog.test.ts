import { expect, test } from "bun:test";
import { NetworkStore } from "#state/network-store.ts";
import { openState } from "#state/db.ts";
import { NetworkCatalog } from "./catalog.ts";
import {
  emptySpec,
  noAddresses,
  noGuard,
  validateEndpointSpec,
  validateNetworkSpec,
  type NetworkSpec,
} from "./network-rows.ts";

const spec: NetworkSpec = {
  ...emptySpec,
  driver: "bridge",
  subnet: "172.17.0.0/16",
  gateway: "172.17.0.1",
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
  catalog.put("bridge", { ...spec, gateway: "172.17.0.9" });
  expect(again().list()).toEqual([
    {
      id,
      name: "bridge",
      createdAt: "2026-01-02T03:04:05.000Z",
      driver: "bridge",
      subnet: "172.17.0.0/16",
      gateway: "172.17.0.9",
      bridgeName: "berth0",
      options: { a: "b" },
      predefined: true,
      addresses: noAddresses,
      internal: false,
      attachable: false,
      labels: {},
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
  expect(() => validateNetworkSpec({ ...spec, subnet: 3 })).toThrow("unexpected subnet");
  expect(() => validateEndpointSpec({ ports: "none" })).toThrow("unexpected ports");
  expect(() => validateEndpointSpec([])).toThrow("unexpected object");
});

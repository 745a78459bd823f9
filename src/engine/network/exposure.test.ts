import { expect, test } from "bun:test";
import type { Endpoint, NetworkInfo, PortPublication } from "#network/types.ts";
import { exposureOf } from "./exposure.ts";

const container = { id: "c".repeat(64), name: "web" };
const endpoint = (ports: readonly PortPublication[] = []): Endpoint => ({
  id: "",
  containerId: container.id,
  networkId: "",
  networkName: "n",
  interfaceName: "eth0",
  ipv4: "172.17.0.2",
  prefixLength: 16,
  gateway: "",
  directRoute: false,
  ipv6: "fd00::2",
  ipv6PrefixLength: 64,
  ipv6Gateway: "",
  mac: "",
  aliases: [],
  gatewayPriority: 0,
  linkLocal: [],
  links: [],
  settings: [],
  ports,
});
const network = (driver: NetworkInfo["driver"], options: Readonly<Record<string, string>> = {}): NetworkInfo => ({
  id: "",
  name: "n",
  driver,
  createdAt: "",
  predefined: false,
  bridgeName: "",
  ipv4: true,
  ipv6: true,
  pools: [],
  internal: false,
  attachable: false,
  ipamOptions: {},
  labels: {},
  configOnly: false,
  configFrom: "",
  options,
  policy: [],
});
const lines = (place: Endpoint, of: NetworkInfo): readonly string[] =>
  exposureOf(container, place, of).map(
    ({ Address, Protocol, Port, ContainerPort, From, Firewall }) =>
      `${Address} ${Protocol} ${Port} ${ContainerPort} ${From.join(",")} ${Firewall}`,
  );

test("published ports, from whom", () => {
  const port = { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 } as const;
  const ports: readonly PortPublication[] = [
    port,
    { ...port, hostIp: "127.0.0.1", hostPort: 81 },
    { ...port, protocol: "udp", allow: ["10.0.0.0/8", "192.0.2.1/32"], firewall: "host" },
    { ...port, hostIp: "::", hostPort: 0 },
  ];
  expect(lines(endpoint(ports), network("bridge"))).toEqual([
    "0.0.0.0 tcp 8080 80 any engine",
    "127.0.0.1 tcp 81 80 host engine",
    "0.0.0.0 udp 8080 80 10.0.0.0/8,192.0.2.1/32 host",
    "fd00::2 tcp 80 80 any engine",
  ]);
});

test("networks that let everything through", () => {
  expect(lines(endpoint(), network("host"))).toEqual(["0.0.0.0 any 0 0 any host"]);
  expect(lines(endpoint(), network("macvlan"))).toEqual(["172.17.0.2 any 0 0 any none", "fd00::2 any 0 0 any none"]);
  const unprotected = { "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected" };
  expect(lines(endpoint(), network("bridge", unprotected))).toEqual(["172.17.0.2 any 0 0 any none"]);
  expect(lines(endpoint(), network("null"))).toEqual([]);
});

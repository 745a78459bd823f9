import { create, given, net, show, start } from "./requests.ts";
import { after, apart, rows, type Row } from "./row.ts";

const endpoints = "GET /containers/cc/json .NetworkSettings.Networks";
const connect = (body: object, network = "n"): string =>
  `POST /networks/${network}/connect ${JSON.stringify({ Container: "cc", ...body })}`;
const disconnect = (body: object, network = "n"): string =>
  `POST /networks/${network}/disconnect ${JSON.stringify({ Container: "cc", ...body })}`;
const endpoint = (EndpointConfig: object): string => connect({ EndpointConfig });

/** Joining and leaving. */
export const joinRows: readonly Row[] = rows({
  "a container that runs": [
    given,
    create(),
    start,
    connect({}),
    show,
    connect({}),
    disconnect({}),
    show,
    disconnect({}),
  ],
  "a container that rests": [given, create(), connect({}), show, connect({}), disconnect({}), disconnect({})],
  "with an address": [given, create(), start, endpoint({ IPAMConfig: { IPv4Address: "10.91.0.77" } }), show],
  nobody: [
    given,
    connect({ Container: "nosuch" }),
    connect({ Container: "" }),
    disconnect({ Container: "nosuch" }),
    disconnect({ Container: "" }),
  ],
  "nobody, by force": [given, disconnect({ Container: "nosuch", Force: true })],
  "a network that is not there": [
    create(),
    connect({}, "nosuch"),
    disconnect({}, "nosuch"),
    disconnect({ Force: true }, "nosuch"),
  ],
  "joining without a body": [
    given,
    "POST /networks/n/connect",
    "POST /networks/n/disconnect",
    "POST /networks/n/connect {",
    "POST /networks/n/connect null",
  ],
  "wrong types": [
    given,
    connect({ Container: 1 }),
    endpoint({ Aliases: "x" }),
    endpoint({ IPAMConfig: [] }),
    disconnect({ Force: "x" }),
  ],
  "a settings of null": [given, create(), connect({ EndpointConfig: null }), endpoints],
  "the host's network": [create(), connect({}, "host"), disconnect({}, "host"), start, connect({}, "host")],
  "no network": [create(), connect({}, "none"), start, connect({}, "none"), disconnect({}, "none")],
  "from the host's network": [
    given,
    create({ HostConfig: { NetworkMode: "host" } }),
    connect({}),
    start,
    connect({}),
    disconnect({}, "host"),
  ],
  "from no network": [
    given,
    create({ HostConfig: { NetworkMode: "none" } }),
    connect({}),
    start,
    connect({}),
    disconnect({}, "none"),
  ],
  "from another's network": [
    given,
    create(),
    start,
    'POST /containers/create?name=dd {"Image":"busybox","Cmd":["sleep","1000"],"HostConfig":{"NetworkMode":"container:cc"}}',
    'POST /networks/n/connect {"Container":"dd"}',
    "POST /containers/dd/start",
    'POST /networks/n/connect {"Container":"dd"}',
  ],
  "a taken address": [
    given,
    create(),
    start,
    endpoint({ IPAMConfig: { IPv4Address: "10.91.0.1" } }),
    endpoint({ IPAMConfig: { IPv4Address: "10.92.0.1" } }),
    endpoint({ IPAMConfig: { IPv4Address: "nonsense" } }),
    endpoint({ IPAMConfig: { IPv6Address: "fd91::1" } }),
    endpoint({ IPAMConfig: { IPv4Address: "fd91::1" } }),
    endpoint({ IPAMConfig: { LinkLocalIPs: ["10.0.0.1"] } }),
    endpoint({ IPAMConfig: { LinkLocalIPs: ["nonsense"] } }),
    endpoint({ IPAMConfig: { IPv4Address: "10.91.0.0" } }),
    endpoint({ IPAMConfig: { IPv4Address: "10.91.0.255" } }),
  ],
  "an address where nobody gave the subnet": [
    net({}),
    create(),
    start,
    endpoint({ IPAMConfig: { IPv4Address: "172.18.0.9" } }),
  ],
  "aliases, links and an address in the default network": [
    create({ HostConfig: { NetworkMode: "none" } }),
    "DELETE /containers/cc",
    given,
    create({ HostConfig: { NetworkMode: "n" } }),
    start,
    connect({ EndpointConfig: { Aliases: ["x"] } }, "bridge"),
    connect({ EndpointConfig: { Links: ["cc:x"] } }, "bridge"),
    connect({ EndpointConfig: { IPAMConfig: { IPv4Address: "172.31.1.1" } } }, "bridge"),
    connect({}, "bridge"),
    endpoints,
  ],
  "what is shown of an endpoint": [
    given,
    create(),
    start,
    endpoint({
      Aliases: ["one", "two", "one"],
      Links: ["cc:self"],
      DriverOpts: { note: "x" },
      IPAMConfig: { IPv4Address: "10.91.0.77", LinkLocalIPs: ["169.254.8.8"] },
    }),
    endpoints,
  ],
  "a hardware address": [
    given,
    create({
      HostConfig: { NetworkMode: "n" },
      NetworkingConfig: { EndpointsConfig: { n: { MacAddress: "02:42:0a:5b:00:99" } } },
    }),
    start,
    endpoints,
  ],
  "a hardware address that is none": [
    given,
    create({
      HostConfig: { NetworkMode: "n" },
      NetworkingConfig: { EndpointsConfig: { n: { MacAddress: "nonsense" } } },
    }),
  ],
  "two hardware addresses": [
    given,
    create({
      MacAddress: "02:42:0a:5b:00:98",
      HostConfig: { NetworkMode: "n" },
      NetworkingConfig: { EndpointsConfig: { n: { MacAddress: "02:42:0a:5b:00:99" } } },
    }),
  ],
  "networks at creation": [
    given,
    net({ Name: "m", IPAM: { Config: [{ Subnet: "10.92.0.0/24" }] } }),
    create({
      HostConfig: { NetworkMode: "n" },
      NetworkingConfig: { EndpointsConfig: { n: {}, m: { Aliases: ["mm"] } } },
    }),
    endpoints,
    start,
    endpoints,
  ],
  "two networks at creation before API 1.44": [
    given,
    net({ Name: "m" }),
    `v1.43 ${create({ HostConfig: { NetworkMode: "n" }, NetworkingConfig: { EndpointsConfig: { n: {}, m: {} } } })}`,
  ],
  "a network that is not there at creation": [create({ HostConfig: { NetworkMode: "nosuch" } }), start],
  "a second network that is not there at creation": [
    create({ NetworkingConfig: { EndpointsConfig: { bridge: {}, nosuch: {} } } }),
    start,
  ],
  "names of DNS servers and hosts": apart(
    create({ HostConfig: { Dns: ["nonsense"] } }),
    create({ HostConfig: { ExtraHosts: ["nonsense"] } }),
    create({ HostConfig: { ExtraHosts: ["x:nonsense"] } }),
    create({ HostConfig: { ExtraHosts: ["x:1.2.3.4", "y:fd00::1", "z:host-gateway"] } }),
  ),
  "DNS settings with the host's network": [create({ HostConfig: { NetworkMode: "host", Dns: ["10.0.0.1"] } }), after],
  "DNS settings with another's network": [
    create(),
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:cc","Dns":["10.0.0.1"]}}',
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:cc","ExtraHosts":["x:1.2.3.4"]}}',
    'POST /containers/create?name=dd {"Image":"busybox","Hostname":"h","HostConfig":{"NetworkMode":"container:cc"}}',
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:cc","PortBindings":{"80/tcp":[{}]}}}',
    'POST /containers/create?name=dd {"Image":"busybox","ExposedPorts":{"80/tcp":{}},"HostConfig":{"NetworkMode":"container:cc"}}',
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:cc","Links":["cc:x"]}}',
    'POST /containers/create?name=dd {"Image":"busybox","MacAddress":"02:42:0a:5b:00:98","HostConfig":{"NetworkMode":"container:cc"}}',
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:nosuch"}}',
    'POST /containers/create?name=dd {"Image":"busybox","HostConfig":{"NetworkMode":"container:"}}',
  ],
  "ports that are none": apart(
    create({ HostConfig: { PortBindings: { "80/nonsense": [{}] } } }),
    create({ HostConfig: { PortBindings: { "x/tcp": [{}] } } }),
    create({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "x" }] } } }),
    create({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "70000" }] } } }),
    create({ HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "nonsense" }] } } }),
    create({ ExposedPorts: { nonsense: {} } }),
  ),
});

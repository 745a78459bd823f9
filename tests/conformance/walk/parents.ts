import { create, net, show, start } from "./requests.ts";
import { rows, type Row } from "./row.ts";

/** The default bridge, an interface that each engine of the walk has. */
const parent = "bwalk0";
const pool = { IPAM: { Config: [{ Subnet: "10.91.0.0/24" }] } };
const over = (Driver: string, Options: object = {}, body: object = pool): string =>
  net({ Driver, Options: { parent, ...Options }, ...body });
const named = (Name: string, Driver: string, Options: object, Subnet: string): string =>
  net({ Name, Driver, Options: { parent, ...Options }, IPAM: { Config: [{ Subnet }] } });
const endpoint = "GET /containers/cc/json .NetworkSettings.Networks.n";
const ports = "GET /containers/cc/json .NetworkSettings.Ports";
const inside = (body: object = {}, settings: object = {}): string =>
  create({
    HostConfig: { NetworkMode: "n" },
    NetworkingConfig: { EndpointsConfig: { n: settings } },
    ...body,
  });

/** Networks over an interface of the host. ipvlan has containers where the kernel has it: in the guest. */
export const parentRows: readonly Row[] = rows({
  "macvlan: made, used, removed": [
    over("macvlan"),
    show,
    inside({ HostConfig: { NetworkMode: "n", PortBindings: { "80/tcp": [{ HostPort: "8099" }] } } }),
    start,
    endpoint,
    ports,
    show,
    "DELETE /networks/n",
    "DELETE /containers/cc?force=1",
    "DELETE /networks/n",
  ],
  "macvlan: every part of the plan, both families": [
    over(
      "macvlan",
      { macvlan_mode: "private" },
      {
        EnableIPv6: true,
        Internal: false,
        Attachable: true,
        Labels: { a: "b" },
        IPAM: {
          Config: [
            {
              Subnet: "10.91.0.0/24",
              IPRange: "10.91.0.64/26",
              Gateway: "10.91.0.9",
              AuxiliaryAddresses: { x: "10.91.0.64" },
            },
            { Subnet: "fd91::/64", Gateway: "fd91::9" },
          ],
        },
      },
    ),
    show,
    inside({}, { IPAMConfig: { IPv4Address: "10.91.0.70", IPv6Address: "fd91::70" }, MacAddress: "02:42:00:00:00:99" }),
    start,
    endpoint,
  ],
  "macvlan: addresses that cannot be": [
    over("macvlan"),
    inside({}, { IPAMConfig: { IPv4Address: "10.92.0.70" } }),
    start,
    "DELETE /containers/cc",
    inside({}, { IPAMConfig: { IPv4Address: "10.91.0.1" } }),
    start,
  ],
  "macvlan: joined and left while it runs": [
    over("macvlan"),
    create(),
    start,
    'POST /networks/n/connect {"Container":"cc"}',
    endpoint,
    show,
    'POST /networks/n/connect {"Container":"cc"}',
    'POST /networks/n/disconnect {"Container":"cc"}',
    show,
    'POST /networks/n/disconnect {"Container":"cc"}',
  ],
  "macvlan: internal": [over("macvlan", {}, { Internal: true, ...pool }), show, inside(), start, endpoint],
  "macvlan: two over one": [
    over("macvlan"),
    named("m", "macvlan", {}, "10.92.0.0/24"),
    named("o", "macvlan", { macvlan_mode: "passthru" }, "10.93.0.0/24"),
    named("n", "macvlan", {}, "10.94.0.0/24"),
    named("q", "macvlan", {}, "10.91.0.128/25"),
  ],
  "macvlan: passthru": [
    over("macvlan", { macvlan_mode: "passthru" }),
    show,
    named("m", "macvlan", {}, "10.92.0.0/24"),
    named("o", "macvlan", { macvlan_mode: "passthru" }, "10.93.0.0/24"),
  ],
  "macvlan: every mode": ["bridge", "vepa", "private", ""].flatMap((macvlan_mode) => [
    over("macvlan", { macvlan_mode }),
    show,
    "DELETE /networks/n",
  ]),
  "macvlan: a subnet that nobody names": [over("macvlan", {}, {}), show],
  "macvlan: pruned": [over("macvlan"), "POST /networks/prune", show],
  "macvlan: listed": [
    over("macvlan"),
    `GET /networks?filters=${encodeURIComponent('{"driver":["macvlan"]}')}`,
    `GET /networks?filters=${encodeURIComponent('{"driver":["ipvlan"]}')}`,
  ],
  "parents that cannot be": ["macvlan", "ipvlan"].flatMap((Driver) =>
    ["lo", "nosuch0", "nosuch0.", "nosuch0.x", "nosuch0.10", `${parent}.0`, `${parent}.4095`, `${parent}.1.2`].map(
      (name) => over(Driver, { parent: name }),
    ),
  ),
  "options that cannot be": [
    over("macvlan", { macvlan_mode: "l2" }),
    over("ipvlan", { ipvlan_mode: "bridge" }),
    over("ipvlan", { ipvlan_flag: "l2" }),
  ],
  "a largest packet that is no number": [over("macvlan", { "com.docker.network.driver.mtu": "x" })],
  "options of the other driver": [over("macvlan", { ipvlan_mode: "nonsense", note: "kept" }), show],
  "ipvlan: made, shown, two over one, removed": [
    over("ipvlan", { ipvlan_mode: "l3", ipvlan_flag: "private" }),
    show,
    named("m", "ipvlan", {}, "10.92.0.0/24"),
    named("o", "macvlan", {}, "10.93.0.0/24"),
    "DELETE /networks/n",
  ],
  "ipvlan: every mode": ["l2", "l3", "l3s", ""].flatMap((ipvlan_mode) => [
    over("ipvlan", { ipvlan_mode }),
    show,
    "DELETE /networks/n",
  ]),
  "settings of others for a network over an interface": [
    net({ Name: "conf", ConfigOnly: true, Driver: "macvlan", Options: { parent }, ...pool }),
    net({ Driver: "macvlan", ConfigFrom: { Network: "conf" } }),
    show,
  ],
});

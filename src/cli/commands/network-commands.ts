import type { Command } from "../command.ts";
import { label, link } from "../container/options/checks.ts";
import { checkedList, filter, int, map, strings, text, toggle } from "../flags/flag-kind.ts";
import { FORMAT_USAGE, TABLE_FORMAT_USAGE } from "./format-usage.ts";

const labels = checkedList(label);
const links = checkedList(link);

/** Commands about networks. */
export const networkCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["network connect"],
    usage: "[OPTIONS] NETWORK CONTAINER",
    summary: "Connect a container to a network",
    flags: [
      { name: "alias", kind: strings, usage: "Add network-scoped alias for the container" },
      { name: "driver-opt", kind: strings, usage: "driver options for the network" },
      {
        name: "gw-priority",
        kind: int,
        usage: "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
      },
      { name: "ip", kind: text, usage: 'IPv4 address (e.g., "172.30.100.104")' },
      { name: "ip6", kind: text, usage: 'IPv6 address (e.g., "2001:db8::33")' },
      { name: "link", kind: links, usage: "Add link to another container" },
      { name: "link-local-ip", kind: strings, usage: "Add a link-local address for the container" },
    ],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../network/connect.ts")).connect,
  },
  {
    kind: "command",
    paths: ["network create"],
    usage: "[OPTIONS] NETWORK",
    summary: "Create a network",
    flags: [
      { name: "attachable", kind: toggle, usage: "Enable manual container attachment" },
      {
        name: "aux-address",
        kind: map,
        usage: "Auxiliary IPv4 or IPv6 addresses used by Network driver",
        fallback: "map[]",
      },
      { name: "config-from", kind: text, usage: "The network from which to copy the configuration" },
      { name: "config-only", kind: toggle, usage: "Create a configuration only network" },
      {
        name: "driver",
        short: "d",
        kind: text,
        usage: "Driver to manage the Network",
        fallback: "bridge",
        value: "bridge",
      },
      { name: "gateway", kind: strings, usage: "IPv4 or IPv6 Gateway for the master subnet" },
      { name: "ingress", kind: toggle, usage: "Create swarm routing-mesh network" },
      { name: "internal", kind: toggle, usage: "Restrict external access to the network" },
      { name: "ip-range", kind: strings, usage: "Allocate container ip from a sub-range" },
      {
        name: "ipam-driver",
        kind: text,
        usage: "IP Address Management Driver",
        fallback: "default",
        value: "default",
      },
      { name: "ipam-opt", kind: map, usage: "Set IPAM driver specific options", fallback: "map[]" },
      {
        name: "ipv4",
        kind: toggle,
        usage: "Enable or disable IPv4 address assignment",
        fallback: "true",
        value: true,
      },
      { name: "ipv6", kind: toggle, usage: "Enable or disable IPv6 address assignment" },
      { name: "label", kind: labels, usage: "Set metadata on a network" },
      { name: "opt", short: "o", kind: map, usage: "Set driver specific options", fallback: "map[]" },
      { name: "scope", kind: text, usage: "Control the network's scope" },
      { name: "subnet", kind: strings, usage: "Subnet in CIDR format that represents a network segment" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../network/create.ts")).createNetwork,
  },
  {
    kind: "command",
    paths: ["network disconnect"],
    usage: "[OPTIONS] NETWORK CONTAINER",
    summary: "Disconnect a container from a network",
    flags: [{ name: "force", short: "f", kind: toggle, usage: "Force the container to disconnect from a network" }],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../network/disconnect.ts")).disconnect,
  },
  {
    kind: "command",
    paths: ["network inspect"],
    usage: "[OPTIONS] NETWORK [NETWORK...]",
    summary: "Display detailed information on one or more networks",
    flags: [
      { name: "format", short: "f", kind: text, usage: FORMAT_USAGE },
      { name: "verbose", short: "v", kind: toggle, usage: "Verbose output for diagnostics" },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../inspect/inspect-command.ts")).inspectNetworks,
  },
  {
    kind: "command",
    paths: ["network ls", "network list"],
    usage: "[OPTIONS]",
    summary: "List networks",
    flags: [
      { name: "filter", short: "f", kind: filter, usage: 'Provide filter values (e.g. "driver=bridge")' },
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "no-trunc", kind: toggle, usage: "Do not truncate the output" },
      { name: "quiet", short: "q", kind: toggle, usage: "Only display network IDs" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../network/list.ts")).listNetworks,
  },
  {
    kind: "command",
    paths: ["network prune"],
    usage: "[OPTIONS]",
    summary: "Remove all unused networks",
    flags: [
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "until=<timestamp>")' },
      { name: "force", short: "f", kind: toggle, usage: "Do not prompt for confirmation" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../prune/prune-networks.ts")).pruneNetworks,
  },
  {
    kind: "command",
    paths: ["network rate"],
    usage: "CONTAINER RATE",
    summary: 'Limit how fast a container sends and receives, such as "10mbit" or "1gbit/256k"; "none" for no limit',
    flags: [],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../network/rate.ts")).setRate,
  },
  {
    kind: "command",
    paths: ["network rm", "network remove"],
    usage: "NETWORK [NETWORK...]",
    summary: "Remove one or more networks",
    flags: [{ name: "force", short: "f", kind: toggle, usage: "Do not error if the network does not exist" }],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../network/remove.ts")).removeNetworks,
  },
];

import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";
import { NfTablesClient } from "#host/nftables/client.ts";
import { forgetFlows, listUdpFlowsOfPort, listUdpFlowsTo } from "#host/nftables/conntrack.ts";
import { addElements, deleteElements, getTable, type TableName } from "#host/nftables/messages.ts";
import { parseTableHandle } from "#host/nftables/parse.ts";
import { admitBridges, inspectForeignFirewall, retractBridges } from "./foreign-firewall.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";
import type { GovernedNetwork } from "../policy/resolve-policy.ts";
import { replacePolicyTable } from "./policy-table.ts";
import { portElementRequests, portElements } from "./port-elements.ts";
import type { Endpoint } from "../types.ts";
import type { BridgeRules } from "./bridge-rules.ts";
import { removeScreen, replaceScreen, screenedFamilies, screenElementRequests, type ScreenLinks } from "./screen.ts";
import { removeTable, replaceTable, type Ruleset } from "./table.ts";

/** The pair of interfaces that {@link replaceScreen} needs. */
export interface ScreenLinkMaker {
  readonly inName: string;
  ensure(): ScreenLinks;
  remove(): void;
}

type Published = Pick<Endpoint, "id" | "ipv4" | "ipv6" | "ports">;

/**
 * Keeps the kernel's rules equal to what this holds in memory: bridges, guarded interfaces, published ports. A change of
 * ports is one small transaction, carried out on the condition that nobody touched any table since the last look; when
 * somebody did (a firewall was reloaded, `nft flush ruleset`, dockerd at work), it looks and repairs first.
 */
export class EngineFirewall {
  readonly #socket: NetlinkSocket;
  readonly #client: NfTablesClient;
  readonly #table: TableName;
  readonly #marker: string;
  readonly #log: Log;
  readonly #published = new Map<string, Published>();
  readonly #filtered: readonly IpFamily[];
  readonly #screenLink: ScreenLinkMaker;
  #bridges: readonly BridgeRules[] = [];
  #guarded: Ruleset["guarded"] = { 4: [], 6: [] };
  #relaysLoopback = false;
  /** Families whose tables for screened ports are in place. */
  #screened: readonly IpFamily[] = [];
  /** Undefined until it is told: what an earlier run put in place stays till then. */
  #governed: readonly GovernedNetwork[] | undefined;
  /** The kernel's numbers of the tables that were put in place; others, or none, mean that somebody removed them. */
  #handles = "";
  #warned = "";

  /** `socket`: of protocol NETLINK_NETFILTER; closed by {@link close}. */
  constructor(deps: {
    readonly socket: NetlinkSocket;
    readonly instance: string;
    readonly filtered: readonly IpFamily[];
    readonly screenLink: ScreenLinkMaker;
    readonly log: Log;
  }) {
    this.#socket = deps.socket;
    this.#client = new NfTablesClient(deps.socket);
    this.#filtered = deps.filtered;
    this.#screenLink = deps.screenLink;
    this.#table = { family: "inet", name: `berth_${deps.instance}` };
    this.#marker = `berth:${deps.instance}`;
    this.#log = deps.log;
  }

  /** Put the whole table in place, and our rules into others' where those would stop our traffic. */
  install(state: {
    readonly bridges: readonly BridgeRules[];
    readonly guarded: Ruleset["guarded"];
    readonly relaysLoopback: boolean;
    readonly published: readonly Published[];
  }): void {
    this.#bridges = state.bridges;
    this.#guarded = state.guarded;
    this.#relaysLoopback = state.relaysLoopback;
    this.#published.clear();
    for (const endpoint of state.published) this.#published.set(endpoint.id, endpoint);
    this.#rewrite();
  }

  /** Other bridges than before; published ports stay, and guards when none are given. */
  setBridges(state: { readonly bridges: readonly BridgeRules[]; readonly guarded?: Ruleset["guarded"] }): void {
    this.#bridges = state.bridges;
    this.#guarded = state.guarded ?? this.#guarded;
    this.#rewrite();
  }

  /** See {@link Ruleset.relaysLoopback}; nothing happens when it is so already. */
  setLoopback(relays: boolean): void {
    if (this.#relaysLoopback === relays) return;
    this.#relaysLoopback = relays;
    this.#rewrite();
  }

  /** The networks with a policy, all of them. */
  setPolicies(governed: readonly GovernedNetwork[]): void {
    this.#governed = governed;
    this.#rewrite();
  }

  publish(endpoints: readonly Published[]): void {
    const published = endpoints.filter(({ ports }) => ports.length > 0);
    for (const endpoint of published) this.#published.set(endpoint.id, endpoint);
    const lacks = screenedFamilies(published).some((family) => !this.#screened.includes(family));
    if (lacks) this.#rewrite();
    else this.#change(published.length === 0 ? [] : this.#elementRequests(addElements, published));
    this.#forgetFlows(
      published
        .flatMap(({ ports }) => ports)
        .filter((port) => port.protocol === "udp" && port.hostPort !== 0)
        .map((port) => listUdpFlowsOfPort(port.hostPort, familyOf(port.hostIp))),
    );
  }

  /** No error for an endpoint that has nothing published. */
  unpublish(endpoint: Published): void {
    if (!this.#published.delete(endpoint.id)) return;
    const needless = screenedFamilies([endpoint]).length > 0 && this.#screenedByAll().length < this.#screened.length;
    if (needless) this.#rewrite();
    else this.#change(this.#elementRequests(deleteElements, [endpoint]));
    const hasUdp = endpoint.ports.some((port) => port.protocol === "udp");
    const addresses = [endpoint.ipv4, endpoint.ipv6].filter((address) => hasUdp && address !== "");
    this.#forgetFlows(addresses.map((address) => listUdpFlowsTo(addressBytes(address))));
  }

  /** Repair what another program did since the last look. */
  verify(): void {
    this.#change([]);
  }

  /** Take away the table and our rules in others'. */
  remove(): void {
    this.#client.commit([
      ...removeTable(this.#table),
      ...removeScreen(this.#table.name),
      ...replacePolicyTable(this.#table.name, []),
      ...retractBridges(this.#client, this.#marker),
    ]);
    this.#screenLink.remove();
  }

  close(): void {
    this.#socket.close();
  }

  /** A UDP sender that never pauses would go on to where its first packet went: past a new container, or to a dead one. */
  #forgetFlows(lists: readonly NetlinkRequest[]): void {
    if (lists.length === 0 || !tracksFlows()) return;
    try {
      forgetFlows(this.#socket, lists);
    } catch (error) {
      this.#log.warn("could not make the kernel forget UDP flows of published ports", { error: messageOf(error) });
    }
  }

  #change(requests: readonly NetlinkRequest[]): void {
    try {
      if (requests.length === 0 ? this.#client.unchanged() : this.#client.commitUnlessChanged(requests)) return;
      if (!this.#settle() && requests.length > 0) this.#client.commit(requests);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#log.warn("nf_tables rules differ from what they should be: writing them anew", { error: error.message });
      this.#replace();
    }
    this.#settle();
  }

  /**
   * Look at the table and at others' firewalls, and repair, until a look found all in order. True when the table had to
   * be written anew: it then holds what memory holds.
   */
  #settle(): boolean {
    let replaced = false;
    for (let attempt = 0; attempt < 10; attempt++) {
      this.#client.observe();
      if (this.#readHandles() !== this.#handles) {
        this.#log.warn("another program removed the engine's nf_tables rules: restored", { table: this.#table.name });
        this.#replace();
        replaced = true;
        continue;
      }
      const requests = this.#foreignRequests();
      if (requests.length === 0 || this.#client.commitUnlessChanged(requests)) return replaced;
    }
    this.#log.warn("nf_tables rules of this machine keep changing: could not verify the engine's own", {
      table: this.#table.name,
    });
    return replaced;
  }

  #replace(): void {
    const ports = portElements([...this.#published.values()]);
    const ruleset = {
      bridges: this.#bridges,
      guarded: this.#guarded,
      ports,
      filtered: this.#filtered,
      relaysLoopback: this.#relaysLoopback,
      screenLink: this.#screenLink.inName,
      governed: this.#governed ?? [],
    };
    const { name } = this.#table;
    this.#screened = this.#screenedByAll();
    const isScreening = this.#screened.length > 0;
    const screen = isScreening ? replaceScreen(name, this.#screenLink.ensure(), ports) : removeScreen(name);
    const policies = this.#governed === undefined ? [] : replacePolicyTable(name, this.#governed);
    this.#client.commit([...replaceTable(this.#table, ruleset), ...screen, ...policies]);
    this.#handles = this.#readHandles();
    if (!isScreening) this.#screenLink.remove();
  }

  #rewrite(): void {
    this.#replace();
    this.#settle();
  }

  #readHandles(): string {
    const tables = (["inet", "bridge", "ip", "ip6"] as const).map((family) => {
      const message = this.#client.get(getTable({ ...this.#table, family }));
      return message === undefined ? "none" : String(parseTableHandle(message));
    });
    return tables.join(" ");
  }

  #foreignRequests(): readonly NetlinkRequest[] {
    const foreign = inspectForeignFirewall(this.#client, this.#table.name);
    this.#warnOfDropping(foreign.dropping);
    return foreign.chains.flatMap(({ family, chain }) => {
      const bridges = this.#bridges.filter(({ subnets }) => subnets.some(({ subnet }) => familyOf(subnet) === family));
      const names = bridges.map((bridge) => bridge.bridgeName);
      return admitBridges(this.#client, { family, chain }, names, this.#marker);
    });
  }

  #warnOfDropping(dropping: readonly string[]): void {
    const chains = dropping.join(", ");
    if (chains !== "" && chains !== this.#warned) {
      const bridges = this.#bridges.map((bridge) => bridge.bridgeName).join(", ");
      this.#log.warn(
        `another firewall drops forwarded packets (${chains}): allow forwarding from and to ${bridges} there`,
      );
    }
    this.#warned = chains;
  }

  #elementRequests(make: typeof addElements, endpoints: readonly Published[]): NetlinkRequest[] {
    const elements = portElements(endpoints);
    const { name } = this.#table;
    return [...portElementRequests(make, this.#table, elements), ...screenElementRequests(make, name, elements)];
  }

  #screenedByAll(): readonly IpFamily[] {
    return screenedFamilies(this.#published.values());
  }
}

/** False when there is none to forget. */
function tracksFlows(): boolean {
  return readTextFileMaybe("/proc/sys/net/netfilter/nf_conntrack_count", 64)?.trim() !== "0";
}

import { openRouteSocket } from "#host/netlink/open.ts";
import { parseLink } from "#host/netlink/links.ts";
import { addAddress, addVeth, changeLink, getLink, settleLink } from "#host/netlink/rtnetlink.ts";
import { CLONE_NEWNET } from "#host/kernel/linux.ts";
import { close, fdPath, newNamespace } from "#host/kernel/syscalls.ts";
import { addressBytes } from "#network/ipam/subnet.ts";
import { openState } from "#state/db.ts";
import type { Log, LogFields } from "#base/log.ts";
import type { NetworkOptions } from "#network/network-options.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import { openNetworks } from "#network/open-networks.ts";
import type { Endpoint, EndpointRequest, NetworkRequest, PortPublication } from "#network/types.ts";
import * as peers from "./peers.ts";
import type { Question } from "./peers.ts";

export const HOST_ADDRESS = "198.51.100.1";
export const OUTSIDE_ADDRESS = "198.51.100.2";
export const LAN_HOST_ADDRESS = "203.0.113.1";
export const LAN_ADDRESS = "203.0.113.2";

/** A network namespace that lives until it is disposed. */
export class Namespace implements Disposable {
  readonly fd = newNamespace(CLONE_NEWNET, "net");
  readonly #servers = new DisposableStack();

  get path(): string {
    return fdPath(this.fd);
  }

  /** For other processes. */
  get outerPath(): string {
    return `/proc/${process.pid}/fd/${this.fd}`;
  }

  run(...command: readonly string[]): string {
    return run("nsenter", `--net=${this.outerPath}`, ...command);
  }

  /** `localPort`: for UDP. */
  ask(protocol: "tcp" | "udp", address: string, port: number, localPort = 0): Promise<string> {
    return peers.ask(this.fd, [protocol, address, port], localPort);
  }

  /** Every question at once. `patienceMs`: more than usual, where all are to answer. */
  probe(questions: readonly Question[], patienceMs?: number): Promise<readonly string[]> {
    return Promise.all(questions.map((question) => peers.ask(this.fd, question, 0, patienceMs)));
  }

  /** Until its end. */
  serve(protocol: "tcp" | "udp", port: number, name: string, address = "0.0.0.0"): void {
    this.#servers.use(peers.serve(this.fd, protocol, port, name, address));
  }

  end(): void {
    if (this.#servers.disposed) return;
    this.#servers[Symbol.dispose]();
    close(this.fd);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** From the scratch host itself. */
export const ask = (protocol: "tcp" | "udp", address: string, port: number): Promise<string> =>
  peers.ask(undefined, [protocol, address, port]);

/** From the scratch host itself, every question at once. */
export const probe = (questions: readonly Question[]): Promise<readonly string[]> =>
  Promise.all(questions.map((question) => peers.ask(undefined, question)));

/** At the scratch host itself. */
export const serve = (protocol: "tcp" | "udp", port: number, name: string): Disposable =>
  peers.serve(undefined, protocol, port, name);

export function run(...command: readonly string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit code ${exitCode}: ${stderr.toString()}`);
  return stdout.toString().trim();
}

/** Packets at `hook` of the scratch host that match while `work` runs. */
export async function packetsSeen(
  hook: "input" | "forward" | "output",
  match: string,
  work: () => Promise<unknown>,
): Promise<number> {
  run("nft", "add table ip watch");
  try {
    run("nft", `add chain ip watch seen { type filter hook ${hook} priority 300; }`);
    run("nft", `add rule ip watch seen ${match} counter`);
    await work();
    return Number(/counter packets (\d+)/.exec(run("nft", "list", "table", "ip", "watch"))?.[1]);
  } finally {
    run("nft", "delete table ip watch");
  }
}

/** From now on `machine` sends what is meant for 127.0.0.1 onto its wire, as an attacker would. */
export function forgeLoopback(machine: Namespace, gateway: string, source: string): void {
  machine.run("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
  machine.run("ip", "route", "delete", "local", "127.0.0.0/8", "dev", "lo", "table", "local");
  machine.run("ip", "route", "delete", "local", "127.0.0.1", "dev", "lo", "table", "local");
  machine.run("ip", "route", "add", "127.0.0.1", "via", gateway, "src", source);
}

/** A machine on the host's interface `link`, which gets `hostAddress`. It has no route to any container subnet. */
export function makeMachine(link: string, hostAddress: string, address: string): Namespace {
  const machine = new Namespace();
  using route = openRouteSocket();
  route.execute([changeLink("lo", { up: true })]);
  route.execute([addVeth({ name: link, up: true, peer: { name: "eth0", namespace: { fd: machine.fd } } })]);
  const message = route.get(getLink(link));
  if (message === undefined) throw new Error(`no ${link}`);
  route.execute([addAddress(parseLink(message).index, addressBytes(hostAddress), 24)]);
  machine.run("ip", "link", "set", "lo", "up");
  machine.run("ip", "link", "set", "eth0", "up");
  machine.run("ip", "address", "add", `${address}/24`, "dev", "eth0");
  route.execute([settleLink(link)]);
  return machine;
}

export interface Scratch {
  readonly networks: LocalNetworks;
  /** Lines logged at warn and error. */
  readonly logged: string[];
  /** Let another engine open it. */
  closeDatabase(): void;
}

export function makeEngine(
  options: Partial<NetworkOptions> = {},
  path = ":memory:",
  inform: (message: string) => void = () => undefined,
): Scratch {
  const logged: string[] = [];
  const note = (message: string, fields?: LogFields): void =>
    void logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { debug() {}, info: inform, warn: note, error: note, with: () => log };
  const database = openState(path);
  const networks = openNetworks({
    database,
    log,
    now: () => new Date(),
    options: { instance: "test", engineId: "test", ...options },
  });
  return { networks, logged, closeDatabase: () => database.close() };
}

/** An engine of its own process that starts containers in `namespaces` and is killed. */
export async function killedEngine(
  database: string,
  ...containers: readonly (readonly [name: string, namespace: Namespace, containerPort: number, hostPort: number])[]
): Promise<void> {
  const program = new URL("./killed-engine.ts", import.meta.url).pathname;
  const plan = containers.map(([name, namespace, ...ports]) => [name, namespace.outerPath, ...ports]);
  const child = Bun.spawn([process.execPath, program, database, JSON.stringify(plan)], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  child.kill(9);
  await child.exited;
  if (new TextDecoder().decode(value).trim() !== "ready") throw new Error("the engine to be killed did not come up");
}

export function containerId(name: string): string {
  return Bun.SHA256.hash(name, "hex");
}

export interface TestContainer extends AsyncDisposable {
  readonly id: string;
  readonly namespace: Namespace;
  readonly endpoint: Endpoint;
}

/** Reserve, connect; at the end release and let the namespace go. */
export async function startContainer(
  networks: LocalNetworks,
  name: string,
  ports: readonly PortPublication[] = [],
  networkName = "bridge",
  more: Partial<EndpointRequest> = {},
): Promise<TestContainer> {
  const namespace = new Namespace();
  const id = containerId(name);
  try {
    const { id: networkId } = await networks.find(networkName);
    const endpoint = await networks.reserve({ containerId: id, containerName: name, networkId, ports, ...more });
    await networks.connect([endpoint], namespace.path);
    return {
      id,
      namespace,
      endpoint,
      async [Symbol.asyncDispose]() {
        await networks.release(id);
        namespace.end();
      },
    };
  } catch (error) {
    await networks.release(id);
    namespace[Symbol.dispose]();
    throw error;
  }
}

export function tcp(containerPort: number, hostPort: number, hostIp = ""): PortPublication {
  return { protocol: "tcp", containerPort, hostIp, hostPort };
}

export function udp(containerPort: number, hostPort: number, hostIp = ""): PortPublication {
  return { protocol: "udp", containerPort, hostIp, hostPort };
}

/** A network of the bridge driver with these differences: its id. */
export async function makeNetwork(
  networks: LocalNetworks,
  name: string,
  more: Partial<NetworkRequest> = {},
): Promise<string> {
  const { id } = await networks.create({
    name,
    driver: "",
    ipv4: true,
    ipv6: false,
    addresses: [],
    internal: false,
    attachable: false,
    labels: {},
    options: {},
    configOnly: false,
    configFrom: "",
    ...more,
  });
  return id;
}

/** Of {@link NetworkRequest.addresses}, a subnet with all else left open. */
export function subnet(cidr: string): NetworkRequest["addresses"][number] {
  return { subnet: cidr, ipRange: "", gateway: "", auxiliary: {} };
}

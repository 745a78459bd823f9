import type { Exposure } from "#spec/berth/exposure.ts";
import type { NetworkPolicy } from "#spec/berth/network-policy.ts";
import type { PortReport } from "#spec/berth/why-port.ts";
import type { NetworkPool, NetworkResource } from "#spec/docker/network.ts";
import type { NetworkCreated } from "#spec/docker/network-requests.ts";
import { compareVersions } from "./api-version.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { objectName, objectSegment } from "./object-name.ts";

/** Body of `POST /networks/create`; what is left out is the engine's choice. */
export interface NetworkCreateBody {
  readonly Name: string;
  readonly Driver?: string;
  readonly Scope?: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>>;
    readonly Config: readonly NetworkPool[];
  };
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly ConfigOnly?: boolean;
  readonly ConfigFrom?: { readonly Network: string } | null;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** How a container joins a network; what is left out is the engine's choice. */
export interface EndpointBody {
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  } | null;
  /** `container:alias`. */
  readonly Links?: readonly string[] | null;
  readonly Aliases?: readonly string[] | null;
  readonly MacAddress?: string;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  /** The endpoint with the highest has the default gateway. */
  readonly GwPriority?: number;
}

/** `/networks`: names and ids are interchangeable. */
export class NetworksApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  list(filters?: FilterValues): Promise<readonly NetworkResource[]> {
    return this.#transport.json("GET", "/networks", { query: { filters: filtersParameter(filters) } });
  }

  /** `verbose` adds what a swarm's managers know. */
  async inspect(name: string, options: { readonly verbose?: boolean } = {}): Promise<NetworkResource> {
    const query = { verbose: options.verbose === true ? "true" : undefined };
    return this.#transport.json("GET", `/networks/${objectSegment("network", name)}`, { query });
  }

  async create(body: NetworkCreateBody): Promise<NetworkCreated> {
    // Before API 1.44 two networks of one name were made unless it was asked to look.
    const old = compareVersions(await this.#transport.version(), "1.44") < 0;
    return this.#transport.json("POST", "/networks/create", { json: old ? { ...body, CheckDuplicate: true } : body });
  }

  policy(name: string): Promise<NetworkPolicy> {
    return this.#transport.json("GET", `/berth/networks/${objectSegment("network", name)}/policy`);
  }

  /** Rules to be added and taken away. */
  async changePolicy(
    name: string,
    change: { readonly Allow?: readonly string[]; readonly Remove?: readonly string[] },
  ): Promise<NetworkPolicy> {
    return this.#transport.json("POST", `/berth/networks/${objectSegment("network", name)}/policy`, { json: change });
  }

  /** What of running containers is reached from where. */
  exposure(): Promise<readonly Exposure[]> {
    return this.#transport.json("GET", "/berth/networks/exposure");
  }

  /** Who has a port of the engine's machine. Berth's own. */
  whyPort(port: number): Promise<PortReport> {
    return this.#transport.json("GET", `/berth/ports/${port}/why`);
  }

  async remove(name: string): Promise<void> {
    return this.#transport.send("DELETE", `/networks/${objectSegment("network", name)}`);
  }

  async connect(name: string, container: string, endpoint: EndpointBody): Promise<void> {
    return this.#transport.send("POST", `/networks/${objectSegment("network", name)}/connect`, {
      json: { Container: objectName("container", container), EndpointConfig: endpoint },
    });
  }

  async disconnect(name: string, container: string, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#transport.send("POST", `/networks/${objectSegment("network", name)}/disconnect`, {
      json: { Container: objectName("container", container), Force: options.force === true },
    });
  }
}

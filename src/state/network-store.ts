import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

import { jsonColumn, textColumn, type Validate } from "./json-column.ts";

export interface NetworkRow<Spec> {
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly spec: Spec;
  /** The address handed out last, "" before the first. */
  readonly lastAddress: string;
}

/** A container's place in a network; it has one in each at most. */
export interface EndpointRow<Spec> {
  readonly networkId: string;
  readonly containerId: string;
  /** "" in networks without addresses; unique in a network otherwise. */
  readonly ipv4: string;
  readonly spec: Spec;
}

/** Networks and the places of containers in them. A network's endpoints go with it. */
export class NetworkStore<NetworkSpec, EndpointSpec> {
  readonly #database: SqlDatabase;
  readonly #validateNetwork: Validate<NetworkSpec>;
  readonly #validateEndpoint: Validate<EndpointSpec>;
  readonly #putNetwork: Statement;
  readonly #networks: Statement;
  readonly #deleteNetwork: Statement;
  readonly #setLastAddress: Statement;
  readonly #insertEndpoint: Statement;
  readonly #updateEndpoint: Statement;
  readonly #endpoints: Statement;
  readonly #deleteEndpoint: Statement;
  #nextNumber: number;

  constructor(deps: {
    readonly database: SqlDatabase;
    readonly validateNetwork: Validate<NetworkSpec>;
    readonly validateEndpoint: Validate<EndpointSpec>;
  }) {
    const { database } = deps;
    this.#database = database;
    this.#validateNetwork = deps.validateNetwork;
    this.#validateEndpoint = deps.validateEndpoint;
    this.#putNetwork = database.prepare(
      `INSERT INTO networks (id, name, created_at, spec, last_address) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, spec = excluded.spec, last_address = excluded.last_address`,
    );
    this.#networks = database.prepare("SELECT * FROM networks ORDER BY rowid");
    this.#deleteNetwork = database.prepare("DELETE FROM networks WHERE id = ?");
    this.#setLastAddress = database.prepare("UPDATE networks SET last_address = ? WHERE id = ?");
    this.#insertEndpoint = database.prepare(
      "INSERT INTO endpoints (container_id, network_id, number, ipv4, spec) VALUES (?, ?, ?, ?, ?)",
    );
    this.#updateEndpoint = database.prepare("UPDATE endpoints SET spec = ? WHERE container_id = ? AND network_id = ?");
    this.#endpoints = database.prepare("SELECT * FROM endpoints ORDER BY number");
    this.#deleteEndpoint = database.prepare("DELETE FROM endpoints WHERE container_id = ? AND network_id = ?");
    const last = database.prepare("SELECT max(number) AS last FROM endpoints").get()?.["last"] ?? 0;
    this.#nextNumber = Number(last) + 1;
  }

  /** Insert, or replace all but `createdAt`. `conflict` when another network has the name. */
  putNetwork(row: NetworkRow<NetworkSpec>): void {
    this.#putNetwork.run(row.id, row.name, row.createdAt, JSON.stringify(row.spec), row.lastAddress);
  }

  /** In order of creation. */
  networks(): readonly NetworkRow<NetworkSpec>[] {
    return this.#networks.all().map((row) => ({
      id: textColumn(row, "id"),
      name: textColumn(row, "name"),
      createdAt: textColumn(row, "created_at"),
      spec: jsonColumn(row, "networks", "spec", this.#validateNetwork),
      lastAddress: textColumn(row, "last_address"),
    }));
  }

  deleteNetwork(id: string): boolean {
    return this.#deleteNetwork.run(id) > 0;
  }

  /**
   * Insert the row and remember its address as the network's last one, together. `conflict` when the container is in the
   * network already, the address is taken, or the network does not exist.
   */
  insertEndpoint(row: EndpointRow<EndpointSpec>): void {
    this.#database.transaction(() => {
      const spec = JSON.stringify(row.spec);
      this.#insertEndpoint.run(row.containerId, row.networkId, this.#nextNumber++, row.ipv4, spec);
      if (row.ipv4 !== "") this.#setLastAddress.run(row.ipv4, row.networkId);
    });
  }

  /** In order of creation. */
  endpoints(): readonly EndpointRow<EndpointSpec>[] {
    return this.#endpoints.all().map((row) => this.#decodeEndpoint(row));
  }

  /** Another spec with the same address; false when there is no such row. */
  updateEndpoint(containerId: string, networkId: string, spec: EndpointSpec): boolean {
    return this.#updateEndpoint.run(JSON.stringify(spec), containerId, networkId) > 0;
  }

  deleteEndpoint(containerId: string, networkId: string): boolean {
    return this.#deleteEndpoint.run(containerId, networkId) > 0;
  }

  #decodeEndpoint(row: Row): EndpointRow<EndpointSpec> {
    const containerId = textColumn(row, "container_id");
    return {
      networkId: textColumn(row, "network_id"),
      containerId,
      ipv4: textColumn(row, "ipv4"),
      spec: jsonColumn({ ...row, id: containerId }, "endpoints", "spec", this.#validateEndpoint),
    };
  }
}

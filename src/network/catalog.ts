import { BerthError } from "#base/errors.ts";
import { isIdPrefix, randomId } from "#base/ids.ts";
import type { NetworkRow } from "#state/network-store.ts";
import type { NetworkRows, NetworkSpec } from "./network-rows.ts";
import type { NetworkInfo } from "./types.ts";

type Row = NetworkRow<NetworkSpec>;

/** The networks by name and id. Ids and creation times last as long as the data root. */
export class NetworkCatalog {
  readonly #rows: NetworkRows;
  readonly #now: () => Date;
  #networks: readonly Row[] = [];

  constructor(deps: { readonly rows: NetworkRows; readonly now: () => Date }) {
    this.#rows = deps.rows;
    this.#now = deps.now;
  }

  load(): void {
    this.#networks = this.#rows.networks();
  }

  list(): readonly NetworkInfo[] {
    return this.#networks.map(infoOf);
  }

  /** docker-compat: full name, then full id, then unique beginning of an id; "default" names the default network. */
  find(nameOrId: string): Row {
    const name = nameOrId === "default" || nameOrId === "" ? "bridge" : nameOrId;
    const exact = this.#networks.find((row) => row.name === name) ?? this.#networks.find((row) => row.id === name);
    if (exact !== undefined) return exact;
    const matches = isIdPrefix(name) ? this.#networks.filter((row) => row.id.startsWith(name)) : [];
    const [only, another] = matches;
    if (another !== undefined) {
      throw new BerthError(
        "invalid-parameter",
        `network ${name} is ambiguous (${matches.length} matches found on ID prefix)`,
      );
    }
    if (only === undefined) throw new BerthError("not-found", `network ${nameOrId} not found`);
    return only;
  }

  get(name: string): Row | undefined {
    return this.#networks.find((row) => row.name === name);
  }

  /** Write a new network's row. */
  add(id: string, name: string, spec: NetworkSpec): Row {
    const row: Row = { id, name, createdAt: this.#now().toISOString(), spec, lastAddress: "" };
    this.#rows.putNetwork(row);
    this.load();
    return row;
  }

  rows(): readonly Row[] {
    return this.#networks;
  }

  /** Write the network's row, keeping id and creation time when there is one of this name. */
  put(name: string, spec: NetworkSpec): Row {
    const known = this.get(name);
    const row: Row = {
      id: known?.id ?? randomId(),
      name,
      createdAt: known?.createdAt ?? this.#now().toISOString(),
      spec,
      lastAddress: known?.lastAddress ?? "",
    };
    this.#rows.putNetwork(row);
    this.load();
    return row;
  }

  remove(name: string): void {
    const known = this.get(name);
    if (known !== undefined) this.#rows.deleteNetwork(known.id);
    this.load();
  }
}

/** What is told of a network. */
export function infoOf({ id, name, createdAt, spec }: Row): NetworkInfo {
  const { ownsBridge: _ownsBridge, parent: _parent, ownsParent: _ownsParent, guard: _guard, ...shown } = spec;
  return { id, name, createdAt, ...shown };
}

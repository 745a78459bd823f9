import type { KnownRecords } from "#host/sockets/name-responder.ts";
import { addressRecords } from "./address-records.ts";
import { encodeQuestion, encodeRecord, recordTypes } from "./message.ts";
import type { NameTable } from "./name-table.ts";
import { reverseAddress } from "./reverse-address.ts";

/** What of a NameResponder is told here. */
export interface ZoneResponder {
  tell(zone: number, question: Uint8Array, known: KnownRecords): void;
}

const types = [recordTypes.a, recordTypes.aaaa] as const;

/**
 * Keeps the responder's table equal to the name table, as far as it goes: the addresses of names, a zone for each network.
 * What a container alone calls others stands in a zone of its own, before those of its networks, as a question that is not
 * the responder's. All else is the resolver's: other types, names for addresses, the world's names.
 */
export class NameZones {
  readonly #table: NameTable;
  readonly #responder: ZoneResponder;
  /** By id of the network, or of the container. */
  readonly #numbers = new Map<string, number>();
  /** By container id: the names in its own zone. */
  readonly #own = new Map<string, readonly string[]>();
  #next = 1;

  constructor(deps: { readonly table: NameTable; readonly responder: ZoneResponder }) {
    this.#table = deps.table;
    this.#responder = deps.responder;
  }

  /** What these names, in lower case, mean in the network may have changed. */
  renew(networkId: string, names: readonly string[]): void {
    const zone = this.#numberOf(networkId);
    for (const name of names) {
      const addresses = this.#table.resolveIn(networkId, name);
      for (const type of types) {
        this.#tell(zone, name, type, addresses && addressRecords(type, addresses).map(encodeRecord));
      }
    }
    if (!this.#table.knows(networkId)) this.#numbers.delete(networkId);
  }

  /** The container came into a network, or left one: the zones for its questions. */
  zonesOf(containerId: string): readonly number[] {
    const zone = this.#numberOf(containerId);
    const before = this.#own.get(containerId) ?? [];
    const own = this.#table.ownNames(containerId);
    for (const name of before) for (const type of types) this.#tell(zone, name, type, undefined);
    for (const name of own) for (const type of types) this.#tell(zone, name, type, "elsewhere");
    const networks = this.#table.networksOf(containerId);
    if (own.length > 0) this.#own.set(containerId, own);
    else this.#own.delete(containerId);
    if (networks.length === 0) this.#numbers.delete(containerId);
    return [zone, ...networks.map((id) => this.#numberOf(id))];
  }

  #numberOf(id: string): number {
    const number = this.#numbers.get(id) ?? this.#next++;
    this.#numbers.set(id, number);
    return number;
  }

  #tell(zone: number, name: string, type: number, known: KnownRecords): void {
    // The resolver reads these otherwise.
    if (!/^[!-[\]-~]+$/.test(name) || reverseAddress(name) !== undefined) return;
    const question = encodeQuestion(name, type);
    if (question !== undefined) this.#responder.tell(zone, question, known);
  }
}

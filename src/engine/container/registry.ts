import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatTime, parseTime } from "#base/time.ts";
import { Container } from "./container.ts";
import type { ContainerRow, ContainerRows } from "../ports.ts";
import type { Health } from "../health/health.ts";
import type { ContainerSpec, Life } from "./spec.ts";
import { transition, type StatusEvent } from "./status.ts";

/**
 * Every container of this engine, in memory and as rows. A change is written to the row first and seen by others then,
 * so what anyone was told survives a crash.
 */
export class ContainerRegistry {
  readonly #rows: ContainerRows;
  readonly #log: Log;
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  /** By the names that their rows still have. */
  readonly #leaving = new Map<string, Container>();

  constructor(deps: { readonly rows: ContainerRows; readonly log: Log }) {
    this.#rows = deps.rows;
    this.#log = deps.log;
    for (const row of deps.rows.list().toReversed()) this.#hold(fromRow(row));
  }

  all(): readonly Container[] {
    return [...this.#byId.values()];
  }

  /** By id, name (with or without slash) or unique id prefix. `not-found` "No such container: X". */
  find(reference: string): Container {
    const container = this.lookup(reference);
    if (container === undefined) throw new BerthError("not-found", `No such container: ${reference}`);
    return container;
  }

  lookup(reference: string): Container | undefined {
    const exact =
      this.#byId.get(reference) ?? this.#byName.get(reference.replace(/^\//, "")) ?? this.#byLink(reference);
    if (exact !== undefined || reference === "") return exact;
    let found: Container | undefined;
    for (const [id, container] of this.#byId) {
      if (!id.startsWith(reference)) continue;
      if (found !== undefined) {
        throw new BerthError("invalid-parameter", `multiple IDs found with provided prefix: ${reference}`);
      }
      found = container;
    }
    return found;
  }

  /** docker-compat: `parent/alias` is a name of the container that a link leads to. */
  #byLink(reference: string): Container | undefined {
    const [parent = "", alias] = reference.replace(/^\//, "").split("/");
    if (alias === undefined) return undefined;
    const link = this.#byName.get(parent)?.life.links?.find((candidate) => candidate.alias === alias);
    return link === undefined ? undefined : this.#byId.get(link.containerId);
  }

  named(name: string): Container | undefined {
    return this.#byName.get(name);
  }

  /** Write a new container. `conflict` in Docker's words when its name is taken. */
  insert(container: Container): void {
    this.#vacate(container.name);
    this.#rows.insert({
      id: container.id,
      name: container.name,
      imageId: container.spec.image.id,
      createdAt: formatTime(container.createdAtNs),
      spec: container.spec,
      status: container.life,
    });
    this.#hold(container);
  }

  /**
   * Apply an event to a container's status, together with other parts of its life, in one write. False and no change when
   * the state refuses the event.
   */
  apply(container: Container, event: StatusEvent, also: Partial<Omit<Life, "status">> = {}): boolean {
    const answer = transition(container.life.status, event);
    if ("refused" in answer) return false;
    this.setLife(container, { ...container.life, ...also, status: answer.next });
    return true;
  }

  /**
   * {@link apply} for what has happened by itself: it is so whether it can be written or not, and who waits for it must not
   * wait for a disk. What could not be written is, with the container's next change.
   */
  observe(container: Container, event: StatusEvent, also: Partial<Omit<Life, "status">> = {}): boolean {
    const before = container.life;
    try {
      return this.apply(container, event, also);
    } catch (error) {
      const answer = transition(before.status, event);
      if ("refused" in answer) return false;
      container.life = { ...before, ...also, status: answer.next };
      this.#log.error("could not write what became of a container", {
        container: container.id,
        error: messageOf(error),
      });
      return true;
    }
  }

  setLife(container: Container, life: Life): void {
    this.#rows.update(container.id, { status: life });
    container.life = life;
  }

  /** What `update` changes of a container that was fixed when it was created. */
  setSpec(container: Container, spec: ContainerSpec): void {
    this.#rows.update(container.id, { spec });
    container.spec = spec;
  }

  /** Change what is known of its health without writing it: see HealthMonitor. */
  noteHealth(container: Container, health: Health): void {
    container.life = { ...container.life, health };
  }

  rename(container: Container, name: string): void {
    this.#vacate(name);
    this.#rows.update(container.id, { name });
    this.#byName.delete(container.name);
    container.name = name;
    this.#byName.set(name, container);
  }

  delete(container: Container): void {
    this.#rows.delete(container.id);
    if (this.#leaving.get(container.name) === container) this.#leaving.delete(container.name);
    else this.#drop(container);
  }

  /**
   * Nobody finds it any more and its name is free, while its row stays until {@link delete}: by that the next engine knows
   * that something is left of it, should this one be killed.
   */
  leave(container: Container): void {
    this.#drop(container);
    this.#leaving.set(container.name, container);
  }

  /** It is found again after {@link leave}; under its id when another has its name by now. */
  comeBack(container: Container): void {
    this.#leaving.delete(container.name);
    this.#hold(container);
  }

  /** The name of a row whose container has left is another's to have. */
  #vacate(name: string): void {
    const leaving = this.#leaving.get(name);
    if (leaving === undefined) return;
    this.#rows.update(leaving.id, { name: leaving.id });
    this.#leaving.delete(name);
    leaving.name = leaving.id;
    this.#leaving.set(leaving.name, leaving);
  }

  #drop(container: Container): void {
    this.#byId.delete(container.id);
    this.#byName.delete(container.name);
  }

  #hold(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }
}

function fromRow(row: ContainerRow): Container {
  return new Container({
    id: row.id,
    createdAtNs: parseTime(row.createdAt),
    name: row.name,
    spec: row.spec,
    life: row.status,
  });
}

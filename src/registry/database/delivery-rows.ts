import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";

/** One event on its way to one webhook. */
export interface DeliveryRow {
  readonly id: number;
  readonly url: string;
  /** The enveloped event, JSON. */
  readonly event: string;
  readonly atMs: number;
  readonly tries: number;
  /** Why the last try failed; empty before. */
  readonly problem: string;
  /** Given up. */
  readonly isDead: boolean;
}

/** Events that webhooks were not told of yet, in order, and those that were given up. */
export class DeliveryRows {
  readonly #add: Statement;
  readonly #waiting: Statement;
  readonly #count: Statement;
  readonly #dropOldest: Statement;
  readonly #delete: Statement;
  readonly #failed: Statement;
  readonly #bury: Statement;
  readonly #buryOld: Statement;
  readonly #list: Statement;
  readonly #revive: Statement;
  readonly #trimDead: Statement;

  constructor(database: SqlDatabase) {
    this.#add = database.prepare("INSERT INTO webhook_events (url, event, at) VALUES (?, ?, ?)");
    this.#waiting = database.prepare(
      "SELECT * FROM webhook_events WHERE url = ? AND is_dead = 0 AND id > ? ORDER BY id LIMIT ?",
    );
    this.#count = database.prepare("SELECT COUNT(*) AS count FROM webhook_events WHERE url = ? AND is_dead = 0");
    this.#dropOldest = database.prepare(
      `DELETE FROM webhook_events WHERE id IN
       (SELECT id FROM webhook_events WHERE url = ? AND is_dead = 0 ORDER BY id LIMIT ?)`,
    );
    this.#delete = database.prepare("DELETE FROM webhook_events WHERE id IN (SELECT value FROM json_each(?))");
    this.#failed = database.prepare(
      "UPDATE webhook_events SET tries = tries + 1, problem = ? WHERE id IN (SELECT value FROM json_each(?))",
    );
    this.#bury = database.prepare("UPDATE webhook_events SET is_dead = 1 WHERE id = ?");
    this.#buryOld = database.prepare(
      "UPDATE webhook_events SET is_dead = 1, problem = ? WHERE url = ? AND is_dead = 0 AND at < ?",
    );
    this.#list = database.prepare("SELECT * FROM webhook_events ORDER BY is_dead DESC, id LIMIT ?");
    this.#revive = database.prepare(
      "UPDATE webhook_events SET is_dead = 0, tries = 0, at = ? WHERE is_dead = 1 AND (?2 = 0 OR id = ?2)",
    );
    this.#trimDead = database.prepare(
      `DELETE FROM webhook_events WHERE id IN
       (SELECT id FROM webhook_events WHERE is_dead = 1 ORDER BY id DESC LIMIT -1 OFFSET ?)`,
    );
  }

  add(url: string, event: string, atMs: number): void {
    this.#add.run(url, event, atMs);
  }

  /** The oldest ones behind the one called `after` (0: from the first). */
  waiting(url: string, limit: number, after = 0): readonly DeliveryRow[] {
    return this.#waiting.all(url, after, limit).map(fromRow);
  }

  countWaiting(url: string): number {
    return Number(this.#count.get(url)?.["count"] ?? 0);
  }

  dropOldest(url: string, count: number): void {
    this.#dropOldest.run(url, count);
  }

  /** They were told, or nobody wants them told any more. */
  delete(ids: readonly number[]): number {
    return this.#delete.run(JSON.stringify(ids));
  }

  failed(ids: readonly number[], problem: string): void {
    this.#failed.run(problem, JSON.stringify(ids));
  }

  bury(id: number): void {
    this.#bury.run(id);
  }

  /** How many that are older were given up. */
  buryOlderThan(url: string, beforeMs: number, problem: string): number {
    return this.#buryOld.run(problem, url, beforeMs);
  }

  /** The dead first. */
  list(limit: number): readonly DeliveryRow[] {
    return this.#list.all(limit).map(fromRow);
  }

  /** Let a dead one, or with 0 all of them, be tried again; how many there were. */
  revive(id: number, nowMs: number): number {
    return this.#revive.run(nowMs, id);
  }

  /** Keep the newest dead ones only. */
  trimDead(kept: number): void {
    this.#trimDead.run(kept);
  }
}

function fromRow(row: Row): DeliveryRow {
  return {
    id: Number(row["id"]),
    url: String(row["url"]),
    event: String(row["event"]),
    atMs: Number(row["at"]),
    tries: Number(row["tries"]),
    problem: String(row["problem"]),
    isDead: row["is_dead"] === 1,
  };
}

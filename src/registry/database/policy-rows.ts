import type { SqlDatabase, Statement } from "#host/bun/sqlite.ts";
import type { Policy, PolicyRules } from "../policies/rules.ts";

/** Policies by the pattern of the repositories that they are for. Few, and asked for with every push: kept in memory. */
export class PolicyRows {
  readonly #all: Statement;
  readonly #put: Statement;
  readonly #delete: Statement;
  #known: readonly Policy[] | undefined;

  constructor(database: SqlDatabase) {
    this.#all = database.prepare("SELECT * FROM policies ORDER BY pattern");
    this.#put = database.prepare(
      "INSERT INTO policies (pattern, rules) VALUES (?, ?) ON CONFLICT (pattern) DO UPDATE SET rules = excluded.rules",
    );
    this.#delete = database.prepare("DELETE FROM policies WHERE pattern = ?");
  }

  list(): readonly Policy[] {
    this.#known ??= this.#all.all().map((row) => ({
      pattern: String(row["pattern"]),
      rules: JSON.parse(String(row["rules"])) as PolicyRules,
    }));
    return this.#known;
  }

  put({ pattern, rules }: Policy): void {
    this.#known = undefined;
    this.#put.run(pattern, JSON.stringify(rules));
  }

  /** False when there was none. */
  delete(pattern: string): boolean {
    this.#known = undefined;
    return this.#delete.run(pattern) > 0;
  }
}

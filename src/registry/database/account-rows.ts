import type { Row, SqlDatabase, Statement } from "#host/bun/sqlite.ts";
import { ALL_ACTIONS, type Action, type Grant } from "../access/rights.ts";

export interface UserRow {
  readonly name: string;
  /** Hashed. */
  readonly password: string;
  readonly isAdmin: boolean;
  readonly createdAtMs: number;
}

export interface AccessTokenRow {
  readonly id: string;
  readonly user: string;
  readonly label: string;
  /** sha256 of the secret, hex. */
  readonly hash: string;
  readonly actions: readonly Action[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly usedAtMs: number | undefined;
}

/** Who may sign in, by what, and to do what. */
export class AccountRows {
  readonly #database: SqlDatabase;
  readonly #user: Statement;
  readonly #tokenByHash: Statement;
  readonly #used: Statement;
  readonly #allGrants: Statement;
  #grants: readonly Grant[] | undefined;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#user = database.prepare("SELECT * FROM users WHERE name = ?");
    this.#tokenByHash = database.prepare("SELECT * FROM access_tokens WHERE hash = ?");
    this.#used = database.prepare("UPDATE access_tokens SET used_at = ? WHERE id = ?");
    this.#allGrants = database.prepare("SELECT * FROM grants ORDER BY who, pattern");
  }

  user(name: string): UserRow | undefined {
    const row = this.#user.get(name);
    return row === undefined ? undefined : userFrom(row);
  }

  users(): readonly UserRow[] {
    return this.#database.prepare("SELECT * FROM users ORDER BY name").all().map(userFrom);
  }

  putUser(user: UserRow): void {
    this.#database
      .prepare(
        `INSERT INTO users (name, password, is_admin, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET password = excluded.password, is_admin = excluded.is_admin`,
      )
      .run(user.name, user.password, user.isAdmin ? 1 : 0, user.createdAtMs);
  }

  /** With the user's access tokens and grants. False when there was none. */
  deleteUser(name: string): boolean {
    return this.#database.transaction(() => {
      this.#grants = undefined;
      this.#database.prepare("DELETE FROM grants WHERE who = ?").run(name);
      return this.#database.prepare("DELETE FROM users WHERE name = ?").run(name) > 0;
    });
  }

  tokenByHash(hash: string): AccessTokenRow | undefined {
    const row = this.#tokenByHash.get(hash);
    return row === undefined ? undefined : tokenFrom(row);
  }

  tokens(user: string): readonly AccessTokenRow[] {
    return this.#database
      .prepare("SELECT * FROM access_tokens WHERE user = ? ORDER BY created_at")
      .all(user)
      .map(tokenFrom);
  }

  addToken(token: AccessTokenRow): void {
    this.#database
      .prepare(
        `INSERT INTO access_tokens (id, user, label, hash, actions, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        token.id,
        token.user,
        token.label,
        token.hash,
        token.actions.join(","),
        token.createdAtMs,
        token.expiresAtMs ?? null,
      );
  }

  tokenUsed(id: string, atMs: number): void {
    this.#used.run(atMs, id);
  }

  /** Of `user` alone when one is named. False when there was none. */
  deleteToken(id: string, user?: string): boolean {
    const statement = this.#database.prepare("DELETE FROM access_tokens WHERE id = ?1 AND (?2 = '' OR user = ?2)");
    return statement.run(id, user ?? "") > 0;
  }

  grants(): readonly Grant[] {
    this.#grants ??= this.#allGrants.all().map((row) => ({
      who: String(row["who"]),
      pattern: String(row["pattern"]),
      actions: actionsFrom(row),
    }));
    return this.#grants;
  }

  /** Replaces what the same one had on the same pattern; no actions take it away. */
  putGrant({ who, pattern, actions }: Grant): void {
    this.#grants = undefined;
    if (actions.length === 0) {
      this.#database.prepare("DELETE FROM grants WHERE who = ? AND pattern = ?").run(who, pattern);
      return;
    }
    this.#database
      .prepare(
        `INSERT INTO grants (who, pattern, actions) VALUES (?, ?, ?)
         ON CONFLICT (who, pattern) DO UPDATE SET actions = excluded.actions`,
      )
      .run(who, pattern, actions.join(","));
  }

  /** A secret of the registry's own, made by `make` when it is first asked for. */
  secret(name: string, make: () => string): string {
    this.#database.prepare("INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)").run(name, make());
    return String(this.#database.prepare("SELECT value FROM secrets WHERE name = ?").get(name)?.["value"]);
  }
}

function userFrom(row: Row): UserRow {
  return {
    name: String(row["name"]),
    password: String(row["password"]),
    isAdmin: row["is_admin"] === 1,
    createdAtMs: Number(row["created_at"]),
  };
}

function tokenFrom(row: Row): AccessTokenRow {
  const time = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]));
  return {
    id: String(row["id"]),
    user: String(row["user"]),
    label: String(row["label"]),
    hash: String(row["hash"]),
    actions: actionsFrom(row),
    createdAtMs: Number(row["created_at"]),
    expiresAtMs: time("expires_at"),
    usedAtMs: time("used_at"),
  };
}

function actionsFrom(row: Row): readonly Action[] {
  const listed = String(row["actions"]).split(",");
  return ALL_ACTIONS.filter((action) => listed.includes(action));
}

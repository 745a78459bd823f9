import { createHash } from "node:crypto";
import { RegistryFailure } from "../failure.ts";
import { unauthorized, type Credentials } from "./basic-credentials.ts";

const REMEMBERED_MS = 60_000;
const WINDOW_MS = 60_000;
const MOST_FAILURES = 20;
const MOST_ENTRIES = 10_000;

/**
 * Checks passwords without letting that become a burden: a right one is remembered for a minute (its hash is slow on
 * purpose, and clients send it with every request), and who guesses too often has to wait.
 */
export class LoginGuard {
  readonly #now: () => number;
  readonly #right = new Map<string, number>();
  readonly #failures = new Map<string, { count: number; since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * `UNAUTHORIZED` when `verify` says no, `TOOMANYREQUESTS` for who failed too often. `epoch` changes when the password
   * does.
   */
  async check(
    { name, password }: Credentials,
    epoch: string,
    address: string,
    verify: () => Promise<boolean>,
  ): Promise<void> {
    const now = this.#now();
    const key = createHash("sha256").update(`${epoch}\0${name}\0${password}`).digest("base64");
    if ((this.#right.get(key) ?? 0) > now) return;
    const failed = this.#failures.get(address);
    if (failed !== undefined && now - failed.since < WINDOW_MS && failed.count >= MOST_FAILURES) {
      throw new RegistryFailure("TOOMANYREQUESTS", [{ message: "too many failed logins: try again in a minute" }]);
    }
    if (await verify()) {
      bounded(this.#right).set(key, now + REMEMBERED_MS);
      return;
    }
    const counted = failed !== undefined && now - failed.since < WINDOW_MS ? failed : { count: 0, since: now };
    bounded(this.#failures).set(address, { ...counted, count: counted.count + 1 });
    throw unauthorized("incorrect username or password");
  }
}

/** Tells two password hashes apart and nothing of either. */
export function secretEpoch(passwordHash: string): string {
  return createHash("sha256").update(`epoch ${passwordHash}`).digest("hex").slice(0, 16);
}

/** Without its oldest entry when it is full. */
function bounded<V>(map: Map<string, V>): Map<string, V> {
  if (map.size >= MOST_ENTRIES) for (const key of [...map.keys()].slice(0, MOST_ENTRIES / 10)) map.delete(key);
  return map;
}

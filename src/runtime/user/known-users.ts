import { listDirectory } from "#host/files/files.ts";
import type { RootMount } from "#snapshot/types.ts";
import { OverlayReader } from "./overlay-reader.ts";
import { resolveUser } from "./resolve-user.ts";
import type { ResolvedUser } from "./types.ts";

const MAX_DATABASE_BYTES = 4 << 20;
const KEPT = 64;

/**
 * {@link resolveUser} in the roots of containers. What a root without a change of its own says is what its layers say, whose
 * directories never change and whose paths come once in the life of a process: it is looked for once.
 */
export class KnownUsers {
  readonly #known = new Map<string, ResolvedUser>();

  find(root: RootMount, user: string, groupAdd: readonly string[]): ResolvedUser {
    if (listDirectory(root.upperDir).length > 0) return look(root, user, groupAdd);
    const key = JSON.stringify([user, groupAdd, root.lowerDirs]);
    const found = this.#known.get(key) ?? look(root, user, groupAdd);
    this.#known.delete(key);
    this.#known.set(key, found);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }
}

/** By the root's own passwd and group files. */
function look(root: RootMount, user: string, groupAdd: readonly string[]): ResolvedUser {
  const reader = new OverlayReader(root);
  return resolveUser(user, groupAdd, (path) => reader.readText(path, MAX_DATABASE_BYTES));
}

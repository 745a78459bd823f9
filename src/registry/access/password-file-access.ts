import { verifyPassword } from "#host/bun/password-hash.ts";
import { unauthorized, parseAuthorization } from "./basic-credentials.ts";
import type { Access, Identity } from "./access.ts";
import { LoginGuard, secretEpoch } from "./login-guard.ts";

/** Names and their hashed passwords, read anew when the file changed. */
export interface PasswordFile {
  /** The file's text. */
  read(): string;
}

/**
 * Whoever is in an htpasswd file (made with `htpasswd -B`, bcrypt) may do everything; the others nothing. By Basic
 * authentication, RFC 7617.
 */
export class PasswordFileAccess implements Access {
  readonly wantsCredentials = true;
  readonly #file: PasswordFile;
  readonly #guard: LoginGuard;

  constructor(deps: { readonly file: PasswordFile; readonly now: () => number }) {
    this.#file = deps.file;
    this.#guard = new LoginGuard(deps.now);
  }

  async identify(header: string | undefined, address: string): Promise<Identity> {
    const given = parseAuthorization(header);
    if (given.kind === "none") return { kind: "unknown" };
    if (given.kind === "bearer") throw unauthorized("this registry takes a name and password");
    const hash = hashOf(this.#file.read(), given.name) ?? "";
    await this.#guard.check(given, hash, address, () => verifyPassword(given.password, hash));
    return { kind: "account", account: { name: given.name, isAdmin: true } };
  }

  may(identity: Identity): boolean {
    return identity.kind === "account";
  }

  mayEver(identity: Identity): boolean {
    return identity.kind === "account";
  }

  mayList(identity: Identity): boolean {
    return identity.kind === "account";
  }

  epochOf(name: string): string | undefined {
    const hash = hashOf(this.#file.read(), name);
    return hash === undefined ? undefined : secretEpoch(hash);
  }

  challenge(): string {
    return 'Basic realm="Berth registry", charset="UTF-8"';
  }
}

function hashOf(text: string, name: string): string | undefined {
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#") && line.slice(0, colon) === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}

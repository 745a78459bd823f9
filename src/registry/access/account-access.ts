import { randomHex } from "#base/ids.ts";
import { sha256Hex } from "#base/sha256.ts";
import { verifyPassword } from "#host/bun/password-hash.ts";
import type { AccessTokenRow, AccountRows } from "../database/account-rows.ts";
import type { Access, Identity, TokenAccess } from "./access.ts";
import { parseAuthorization, unauthorized, type Credentials } from "./basic-credentials.ts";
import { readToken, signToken } from "./json-web-token.ts";
import { LoginGuard, secretEpoch } from "./login-guard.ts";
import { allowedActions, nobody, type Account, type Action } from "./rights.ts";

/** The `service` of challenges and tokens. */
const SERVICE = "berth-registry";
export const TOKEN_SECONDS = 300;
const REFRESH_SECONDS = 365 * 24 * 3600;
const REFRESH_AUDIENCE = `${SERVICE}-refresh`;
/** How access tokens begin, so that people and scanners recognise one. */
export const ACCESS_TOKEN_PREFIX = "brt_";

export function accessTokenHash(secret: string): string {
  return sha256Hex(secret);
}

/**
 * The registry's own accounts: Docker's token authentication (distribution's `docs/content/spec/auth`), where clients
 * change a name with a password or an access token into a token for what they are about to do, and Basic authentication
 * beside it.
 */
export class AccountAccess implements Access {
  readonly wantsCredentials = true;
  readonly #rows: AccountRows;
  readonly #now: () => number;
  readonly #guard: LoginGuard;
  readonly #key: string;

  constructor(deps: { readonly rows: AccountRows; readonly now: () => number }) {
    this.#rows = deps.rows;
    this.#now = deps.now;
    this.#guard = new LoginGuard(deps.now);
    this.#key = deps.rows.secret("token-key", () => randomHex(32));
  }

  async identify(header: string | undefined, address: string): Promise<Identity> {
    const given = parseAuthorization(header);
    if (given.kind === "none") return { kind: "unknown" };
    if (given.kind === "basic") return { kind: "account", account: await this.signIn(given, address) };
    const claims = readToken(given.token, this.#key, SERVICE, this.#now());
    if (claims === undefined) throw unauthorized("the token is not valid (any more)");
    const access = (claims["access"] ?? []) as readonly TokenAccess[];
    const only = claims["only"] as readonly Action[] | undefined;
    const account = this.#account(String(claims["sub"]));
    return { kind: "bearer", account: only === undefined ? account : { ...account, only }, access };
  }

  /** Whose name and password, or access token in its place, these are. `UNAUTHORIZED`, `TOOMANYREQUESTS`. */
  async signIn(credentials: Credentials, address: string): Promise<Account> {
    const { name, password } = credentials;
    if (password.startsWith(ACCESS_TOKEN_PREFIX)) {
      const token = this.#rows.tokenByHash(accessTokenHash(password));
      const epoch = token?.id ?? "";
      const isGood = token?.user === name && (token.expiresAtMs ?? Infinity) > this.#now();
      if (!isGood) await this.#guard.check(credentials, epoch, address, () => Promise.resolve(false));
      else if (this.#now() - (token.usedAtMs ?? 0) > 60_000) this.#rows.tokenUsed(token.id, this.#now());
      return this.#account(name, token);
    }
    const hash = this.#rows.user(name)?.password ?? "";
    await this.#guard.check(credentials, hash, address, () => verifyPassword(password, hash));
    return this.#account(name);
  }

  /**
   * A token for as much of `scopes` (`repository:NAME:pull,push`, `registry:catalog:*`) as the account may do: the
   * intersection, which may be nothing.
   */
  issue(account: Account, scopes: readonly string[]): { readonly token: string; readonly issuedAtMs: number } {
    const access = scopes.flatMap((scope) => this.#granted(account, scope));
    const issuedAtMs = this.#now();
    const now = Math.floor(issuedAtMs / 1000);
    const claims = {
      iss: SERVICE,
      sub: account.name,
      aud: SERVICE,
      iat: now,
      nbf: now,
      exp: now + TOKEN_SECONDS,
      jti: randomHex(16),
      access,
      ...(account.only === undefined ? {} : { only: account.only }),
    };
    return { token: signToken(claims, this.#key), issuedAtMs };
  }

  /**
   * What a client keeps instead of the password: good at the token endpoint alone, for a year, and no longer than the
   * password or access token that it was given for. Undefined for who did not sign in.
   */
  issueRefresh({ name, tokenId }: Account): string | undefined {
    const epoch = this.epochOf(name);
    if (epoch === undefined) return undefined;
    const now = Math.floor(this.#now() / 1000);
    const since = tokenId === undefined ? { epoch } : { token: tokenId };
    const claims = { sub: name, aud: REFRESH_AUDIENCE, iat: now, nbf: now, exp: now + REFRESH_SECONDS, ...since };
    return signToken(claims, this.#key);
  }

  /** Whose refresh token this is. `UNAUTHORIZED`. */
  redeem(refreshToken: string): Account {
    const claims = readToken(refreshToken, this.#key, REFRESH_AUDIENCE, this.#now());
    const name = String(claims?.["sub"]);
    const tokenId = claims?.["token"];
    const token = this.#rows.tokens(name).find(({ id }) => id === tokenId);
    const isGood =
      tokenId === undefined
        ? claims !== undefined && claims["epoch"] === this.epochOf(name)
        : token !== undefined && (token.expiresAtMs ?? Infinity) > this.#now();
    if (!isGood) throw unauthorized("the refresh token is not valid (any more): sign in again");
    return this.#account(name, token);
  }

  may(identity: Identity, action: Action, repository: string): boolean {
    if (identity.kind !== "bearer") return this.mayEver(identity, action, repository);
    return identity.access.some(
      ({ type, name, actions }) => type === "repository" && name === repository && actions.includes(action),
    );
  }

  mayEver(identity: Identity, action: Action, repository: string): boolean {
    const account = identity.kind === "unknown" ? nobody : identity.account;
    return allowedActions(account, repository, this.#rows.grants()).includes(action);
  }

  mayList(): boolean {
    return true;
  }

  epochOf(name: string): string | undefined {
    const user = this.#rows.user(name);
    return user === undefined ? undefined : secretEpoch(user.password);
  }

  challenge(origin: string, scope: string | undefined, problem: "insufficient_scope" | undefined): string {
    const parameters = { realm: `${origin}/token`, service: SERVICE, scope, error: problem };
    const written = Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}="${value.replaceAll(/["\\]/g, "")}"`],
    );
    return `Bearer ${written.join(",")}`;
  }

  #account(name: string, token?: AccessTokenRow): Account {
    const isAdmin = this.#rows.user(name)?.isAdmin ?? false;
    return { name, isAdmin, ...(token === undefined ? {} : { only: token.actions, tokenId: token.id }) };
  }

  #granted(account: Account, scope: string): readonly TokenAccess[] {
    const [, type = "", name = "", list = ""] = /^([a-z]+)(?:\([^)]*\))?:(.+):([a-z,*]+)$/.exec(scope) ?? [];
    if (type === "registry") return [{ type, name, actions: ["*"] }];
    if (type !== "repository") return [];
    const asked = list.split(",");
    const actions = allowedActions(account, name, this.#rows.grants()).filter(
      (action) => asked.includes(action) || asked.includes("*"),
    );
    return actions.length === 0 ? [] : [{ type, name, actions }];
  }
}

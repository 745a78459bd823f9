import { randomHex } from "#base/ids.ts";
import type { WebRequest } from "#host/web/web-server.ts";
import type { Identity } from "#registry/access/access.ts";
import { readToken, signToken } from "#registry/access/json-web-token.ts";
import type { RegistryContext } from "#registry/context.ts";

const COOKIE = "berth_session";
const AUDIENCE = "berth-page";
const SESSION_SECONDS = 12 * 3600;

/** Who is signed in at the page: a signed cookie, good for half a day, that no script can read. */
export class Sessions {
  readonly #context: RegistryContext;
  readonly #key: string;

  constructor(context: RegistryContext) {
    this.#context = context;
    this.#key = context.accounts.secret("page-key", () => randomHex(32));
  }

  /** `Set-Cookie` for who just proved to be `name`. `epoch`: changes when the password does, and ends the session. */
  begin(name: string, epoch: string, isSecure: boolean): string {
    const now = Math.floor(this.#context.now() / 1000);
    const claims = { sub: name, epoch, aud: AUDIENCE, nbf: now, exp: now + SESSION_SECONDS };
    return cookie(signToken(claims, this.#key), SESSION_SECONDS, isSecure);
  }

  end(isSecure: boolean): string {
    return cookie("", 0, isSecure);
  }

  /** `epochOf`: the epoch of a name now; undefined when there is no such name any more. */
  identify(request: WebRequest, epochOf: (name: string) => string | undefined): Identity {
    const value = new RegExp(`(?:^|; *)${COOKIE}=([^;]+)`).exec(request.header("cookie") ?? "")?.[1];
    const claims = value === undefined ? undefined : readToken(value, this.#key, AUDIENCE, this.#context.now());
    if (claims === undefined) return { kind: "unknown" };
    const name = String(claims["sub"]);
    const epoch = epochOf(name);
    if (epoch === undefined || epoch !== claims["epoch"]) return { kind: "unknown" };
    return { kind: "account", account: { name, isAdmin: this.#context.accounts.user(name)?.isAdmin ?? false } };
  }
}

function cookie(value: string, seconds: number, isSecure: boolean): string {
  return `${COOKIE}=${value}; Path=/ui; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
}

/**
 * Did the page itself send this form? Browsers say where a request comes from (Fetch Metadata; the Origin header of RFC
 * 6454 from older ones). What says neither is no browser's form and is refused.
 */
export function isOwnForm(request: WebRequest): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = request.header("origin");
  return origin !== undefined && origin.replace(/^https?:\/\//, "") === request.header("host");
}

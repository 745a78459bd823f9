import { BerthError } from "#base/errors.ts";
import type { RegistryHttp, TlsSettings } from "#host/web/registry-http.ts";
import type { RegistryAuth } from "#image/types.ts";
import { formatRegistryError, readRegistryError } from "#spec/oci/registry-errors.ts";
import { parseChallenges, type Challenge } from "#spec/oci/www-authenticate.ts";
import { readText } from "./read-body.ts";

const CLIENT_ID = "docker";
const MAX_TOKEN_ANSWER = 1 << 20;

/**
 * Turns a registry's challenges into an Authorization header. Sources: distribution `docs/content/spec/auth/token.md`
 * (GET with Basic) and `oauth.md` (POST with an identity token); RFC 7617 for Basic. Tokens live as long as this object,
 * one repository's piece of work; {@link forget} drops one that the registry no longer takes.
 *
 * Credentials go only to the registry and to the token server it names, and never unencrypted unless the registry itself
 * is allowed to be.
 */
export class Authorizer {
  readonly #http: RegistryHttp;
  readonly #auth: RegistryAuth | undefined;
  readonly #scope: string | undefined;
  #header: string | undefined;
  #refreshToken: string | undefined;

  /** `scope` e.g. `repository:library/busybox:pull`; undefined asks for none (login). */
  constructor(deps: {
    readonly http: RegistryHttp;
    readonly auth: RegistryAuth | undefined;
    readonly scope: string | undefined;
  }) {
    this.#http = deps.http;
    this.#auth = deps.auth;
    this.#scope = deps.scope;
    if (nonEmpty(deps.auth?.registrytoken)) this.#header = `Bearer ${deps.auth?.registrytoken}`;
  }

  /** What to send now; undefined before any challenge was answered. */
  get header(): string | undefined {
    return this.#header;
  }

  /** The identity token that the token server gave at login. */
  get identityToken(): string | undefined {
    return this.#refreshToken;
  }

  /** The registry refused the present header. */
  forget(): void {
    this.#header = undefined;
  }

  /**
   * Answer the challenges of a 401. True when a header is ready. `unauthorized` when the token server refuses, or when
   * Basic is wanted and there are no credentials ("no basic auth credentials").
   */
  async answer(
    wwwAuthenticate: string,
    context: {
      readonly insecure: boolean;
      readonly tls: TlsSettings | undefined;
      readonly offline: boolean;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<boolean> {
    const challenges = parseChallenges(wwwAuthenticate);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && nonEmpty(parameters["realm"]));
    if (bearer !== undefined) {
      this.#header = `Bearer ${await this.#fetchToken(bearer, context)}`;
      return true;
    }
    if (!challenges.some(({ scheme }) => scheme === "basic")) return false;
    const basic = this.#basic();
    if (basic === undefined) throw new BerthError("unauthorized", "no basic auth credentials");
    this.#header = basic;
    return true;
  }

  #basic(): string | undefined {
    const { username = "", password = "" } = this.#auth ?? {};
    if (username === "" && password === "") return undefined;
    return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  }

  async #fetchToken(
    challenge: Challenge,
    context: {
      readonly insecure: boolean;
      readonly tls: TlsSettings | undefined;
      readonly offline: boolean;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<string> {
    const { realm = "", service = "" } = challenge.parameters;
    const url = realmUrl(realm);
    if (url.protocol === "http:" && !context.insecure) {
      throw new BerthError("unauthorized", `refusing to ask for a token without encryption at ${url.origin}`);
    }
    const scope = this.#scope ?? challenge.parameters["scope"];
    const identityToken = this.#refreshToken ?? this.#auth?.identitytoken;
    const request = nonEmpty(identityToken)
      ? this.#oauthRequest(url, service, scope, identityToken ?? "")
      : this.#tokenRequest(url, service, scope, context.offline);
    const answer = await this.#http.send({
      ...request,
      ...(context.tls === undefined ? {} : { tls: context.tls }),
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
    const body = await readText(answer, MAX_TOKEN_ANSWER);
    if (answer.status !== 200) {
      const error = readRegistryError(answer.status, parseChallenges(answer.header("www-authenticate") ?? ""), body);
      if (error !== undefined) throw new BerthError("unauthorized", formatRegistryError(error));
      throw new BerthError("internal", `unexpected status from token server ${url.origin}: ${answer.status}`);
    }
    return this.#readToken(body);
  }

  #tokenRequest(url: URL, service: string, scope: string | undefined, offline: boolean) {
    const basic = this.#basic();
    if (service !== "") url.searchParams.set("service", service);
    for (const one of scope?.split(" ") ?? []) if (one !== "") url.searchParams.append("scope", one);
    if (offline) {
      url.searchParams.set("offline_token", "true");
      url.searchParams.set("client_id", CLIENT_ID);
    }
    if (nonEmpty(this.#auth?.username)) url.searchParams.set("account", this.#auth?.username ?? "");
    return {
      url: url.href,
      method: "GET" as const,
      headers: basic === undefined ? {} : { authorization: basic },
    };
  }

  #oauthRequest(url: URL, service: string, scope: string | undefined, identityToken: string) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: identityToken,
      client_id: CLIENT_ID,
      service,
      ...(scope === undefined ? {} : { scope }),
    });
    return {
      url: url.href,
      method: "POST" as const,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    };
  }

  #readToken(body: string): string {
    let answer: Readonly<Record<string, unknown>> = {};
    try {
      answer = JSON.parse(body) as Readonly<Record<string, unknown>>;
    } catch {
      // Falls through to the missing token.
    }
    const token = answer["token"] ?? answer["access_token"];
    if (typeof token !== "string" || token === "") {
      throw new BerthError("internal", "authorization server did not include a token in the response");
    }
    if (typeof answer["refresh_token"] === "string") this.#refreshToken = answer["refresh_token"];
    return token;
  }
}

function realmUrl(realm: string): URL {
  const url = URL.parse(realm);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new BerthError("internal", `invalid token auth challenge realm: ${realm.slice(0, 200)}`);
  }
  return url;
}

function nonEmpty(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}

import { BerthError } from "#base/errors.ts";
import type { WebReply } from "#host/web/web-server.ts";
import { TOKEN_SECONDS, type AccountAccess } from "#registry/access/account-access.ts";
import { parseAuthorization } from "#registry/access/basic-credentials.ts";
import { nobody, type Account } from "#registry/access/rights.ts";
import type { Call, Route } from "../call.ts";
import { readBytes } from "../read-bytes.ts";
import { json } from "../replies.ts";

/** The token endpoint: distribution's "Token Authentication Specification" (GET) and its OAuth2 form (POST). */
export function tokenRoutes(access: AccountAccess): readonly Route[] {
  const path = /^\/token$/;
  return [
    { method: "GET", path, need: "nothing", handle: (call) => byHeader(access, call) },
    { method: "POST", path, need: "nothing", handle: (call) => byForm(access, call) },
  ];
}

async function byHeader(access: AccountAccess, { request, query }: Call): Promise<WebReply> {
  const given = parseAuthorization(request.header("authorization"));
  const account = given.kind === "basic" ? await access.signIn(given, request.remoteAddress) : nobody;
  const isOffline = query.get("offline_token") === "true";
  return tokenReply(access, account, query.getAll("scope"), isOffline ? access.issueRefresh(account) : undefined);
}

const MAX_FORM_BYTES = 64 * 1024;

async function byForm(access: AccountAccess, { request }: Call): Promise<WebReply> {
  const bytes = await readBytes(request.body, MAX_FORM_BYTES, request.header("content-length"));
  if (bytes === undefined) throw new BerthError("invalid-parameter", "the form is too large");
  const form = new URLSearchParams(new TextDecoder().decode(bytes));
  const refreshToken = form.get("refresh_token");
  switch (form.get("grant_type")) {
    case "password": {
      const credentials = { name: form.get("username") ?? "", password: form.get("password") ?? "" };
      const account = await access.signIn(credentials, request.remoteAddress);
      const isOffline = form.get("access_type") === "offline";
      return tokenReply(access, account, form.getAll("scope"), isOffline ? access.issueRefresh(account) : undefined);
    }
    case "refresh_token":
      if (refreshToken === null) return oauthError("invalid_request", "refresh_token is missing");
      return tokenReply(access, access.redeem(refreshToken), form.getAll("scope"), refreshToken);
    default:
      return oauthError("unsupported_grant_type", "grant_type is to be password or refresh_token");
  }
}

/** RFC 6749 section 5.2. */
function oauthError(error: string, error_description: string): WebReply {
  return json(400, { error, error_description });
}

/** One parameter may hold several scopes, separated by blanks. */
function tokenReply(
  access: AccountAccess,
  account: Account,
  scopes: readonly string[],
  refreshToken: string | undefined,
): WebReply {
  const asked = scopes.flatMap((scope) => scope.split(" ")).slice(0, 100);
  const { token, issuedAtMs } = access.issue(account, asked);
  return json(
    200,
    {
      token,
      access_token: token,
      expires_in: TOKEN_SECONDS,
      issued_at: new Date(issuedAtMs).toISOString(),
      scope: asked.join(" "),
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    },
    { "Cache-Control": "no-store" },
  );
}

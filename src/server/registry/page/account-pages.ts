import type { WebReply } from "#host/web/web-server.ts";
import { createToken } from "#registry/administration/tokens.ts";
import { denied } from "#registry/failure.ts";
import { isBerthError } from "#base/errors.ts";
import { page, seeOther } from "./layout.ts";
import type { PageDeps, PageRoute, Visit } from "./visit.ts";
import { signInView, tokensView } from "./views/account-views.ts";

/** Signing in and out, and a person's own access tokens. */
export function accountPages(deps: PageDeps): readonly PageRoute[] {
  return [
    {
      method: "GET",
      path: /^\/ui\/sign-in$/,
      show: ({ viewer }) => page(viewer, "Sign in", signInView("", undefined)),
    },
    { method: "POST", path: /^\/ui\/sign-in$/, show: (visit) => signIn(deps, visit) },
    {
      method: "POST",
      path: /^\/ui\/sign-out$/,
      show: ({ call }) => seeOther("/ui/", { "Set-Cookie": deps.sessions.end(isSecure(call.origin)) }),
    },
    { method: "GET", path: /^\/ui\/tokens$/, show: (visit) => showTokens(deps, visit, undefined) },
    { method: "POST", path: /^\/ui\/tokens$/, show: (visit) => makeToken(deps, visit) },
    { method: "POST", path: /^\/ui\/tokens\/(?<id>[0-9a-f]+)\/delete$/, show: (visit) => removeToken(deps, visit) },
  ];
}

const isSecure = (origin: string): boolean => origin.startsWith("https://");

async function signIn({ access, sessions }: PageDeps, { call, viewer, form }: Visit): Promise<WebReply> {
  const [name, password] = [form.get("name") ?? "", form.get("password") ?? ""];
  const header = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
  try {
    const identity = await access.identify(header, call.request.remoteAddress);
    const epoch = access.epochOf(name);
    if (identity.kind !== "account" || epoch === undefined) throw denied("this registry has no accounts");
    // What it gives is less than its owner's rights; a session would give all of them.
    if (identity.account.only !== undefined) throw denied("sign in with the password, not with an access token");
    return seeOther("/ui/", { "Set-Cookie": sessions.begin(name, epoch, isSecure(call.origin)) });
  } catch (error) {
    if (!isBerthError(error)) throw error;
    return page(viewer, "Sign in", signInView(name, error.message), { status: 403 });
  }
}

/** The visitor's name, who must have signed in to a registry with access tokens. */
function ownName({ viewer }: Visit): string {
  if (viewer.name === undefined || !viewer.hasTokens) throw denied("sign in first");
  return viewer.name;
}

function showTokens({ context }: PageDeps, visit: Visit, made: string | undefined): WebReply {
  const name = ownName(visit);
  return page(visit.viewer, "Access tokens", tokensView(context.accounts.tokens(name), name, visit.host, made));
}

async function makeToken(deps: PageDeps, visit: Visit): Promise<WebReply> {
  const { form } = visit;
  const answer = await createToken(deps.context, {
    user: ownName(visit),
    label: form.get("label") ?? "",
    actions: form.get("actions") ?? "",
    expires: form.get("expires") ?? "",
  });
  return showTokens(deps, visit, answer.kind === "lines" ? answer.lines[0] : undefined);
}

function removeToken({ context }: PageDeps, visit: Visit): WebReply {
  context.accounts.deleteToken(visit.call.params["id"] ?? "", ownName(visit));
  return seeOther("/ui/tokens");
}

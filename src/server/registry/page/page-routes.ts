import { isBerthError, messageOf } from "#base/errors.ts";
import type { Access } from "#registry/access/access.ts";
import { AccountAccess } from "#registry/access/account-access.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Call, Handler, Route } from "../call.ts";
import { readBytes } from "../read-bytes.ts";
import { accountPages } from "./account-pages.ts";
import { contentPages } from "./content-pages.ts";
import { html } from "./html.ts";
import { icon } from "./icon.ts";
import { page } from "./layout.ts";
import { script } from "./script.ts";
import { isOwnForm, Sessions } from "./session.ts";
import { style } from "./style.ts";
import type { PageDeps, PageRoute } from "./visit.ts";

const MAX_FORM_BYTES = 64 * 1024;

/** The page for people: everything below `/ui/`. Rendered here; the browser only shows it. */
export function pageRoutes(context: RegistryContext, access: Access): readonly Route[] {
  const deps: PageDeps = { context, access, sessions: new Sessions(context) };
  const pages = [...contentPages(deps), ...accountPages(deps)];
  return [
    asset(/^\/ui\/style\.css$/, "text/css; charset=utf-8", style),
    asset(/^\/ui\/icon\.svg$/, "image/svg+xml", icon),
    asset(/^\/ui\/script\.js$/, "text/javascript; charset=utf-8", script),
    {
      method: "GET",
      path: /^\/(?:ui)?$/,
      need: "nothing",
      handle: () => ({ status: 302, headers: { Location: "/ui/", "Content-Length": "0" } }),
    },
    ...pages.map(({ method, path, show }) => ({ method, path, need: "nothing" as const, handle: visited(deps, show) })),
  ];
}

function asset(path: RegExp, type: string, text: string): Route {
  const headers = { "Content-Type": type, "Cache-Control": "max-age=3600" };
  return { method: "GET", path, need: "nothing", handle: () => ({ status: 200, headers, body: text }) };
}

function visited(deps: PageDeps, show: PageRoute["show"]): Handler {
  const { access, sessions } = deps;
  const hasTokens = access instanceof AccountAccess;
  return async (call) => {
    const identity = sessions.identify(call.request, (name) => access.epochOf(name));
    const name = identity.kind === "unknown" ? undefined : identity.account.name;
    const viewer = { name, canSignIn: access.wantsCredentials, hasTokens };
    try {
      const form = await formOf(call);
      if (form === undefined)
        return page(viewer, "Refused", html`<h1>This form did not come from this page</h1>`, { status: 403 });
      return await show({ call, viewer, identity, form, host: call.origin.replace(/^https?:\/\//, "") });
    } catch (error) {
      if (!isBerthError(error)) throw error;
      const status = error.kind === "not-found" ? 404 : error.kind === "forbidden" ? 403 : 400;
      return page(
        viewer,
        "Not possible",
        html`<h1>Not possible</h1>
          <p>${messageOf(error)}</p>`,
        { status },
      );
    }
  };
}

/** Undefined for a form of another site. */
async function formOf({ request }: Call): Promise<URLSearchParams | undefined> {
  if (request.method !== "POST") return new URLSearchParams();
  if (!isOwnForm(request)) return undefined;
  const bytes = await readBytes(request.body, MAX_FORM_BYTES, request.header("content-length"));
  return new URLSearchParams(new TextDecoder().decode(bytes));
}

import type { WebReply } from "#host/web/web-server.ts";
import { html, type Html } from "./html.ts";

/** What every page needs to know of who looks at it. */
export interface Viewer {
  /** Undefined when nobody signed in. */
  readonly name: string | undefined;
  /** The registry knows people, so signing in means something. */
  readonly canSignIn: boolean;
  /** The registry has accounts of its own, with access tokens. */
  readonly hasTokens: boolean;
}

/** Nothing comes from elsewhere, nothing runs that is not ours, and nobody puts the page into a frame. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const pageHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": POLICY,
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

export function page(
  viewer: Viewer,
  title: string,
  content: Html,
  options: {
    readonly status?: number;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): WebReply {
  const account =
    viewer.name === undefined
      ? viewer.canSignIn && html`<a href="/ui/sign-in">Sign in</a>`
      : html`<span>${viewer.name}</span> ${viewer.hasTokens && html`<a href="/ui/tokens">Access tokens</a>`}
          <form method="post" action="/ui/sign-out"><button class="plain">Sign out</button></form>`;
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Registry</title>
        <link rel="icon" href="/ui/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/ui/style.css" />
        <script src="/ui/script.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header>
          <a class="home" href="/ui/">Registry</a>
          <form method="get" action="/ui/" role="search">
            <input
              type="search"
              name="q"
              aria-label="Search repositories"
              value="${options.query ?? ""}"
              placeholder="Search repositories"
            />
            <button>Search</button>
          </form>
          <nav aria-label="Account">${account}</nav>
        </header>
        <main id="content">${content}</main>
        <footer>Served by Berth</footer>
        <div id="told" role="status" class="skip"></div>
      </body>
    </html>`;
  return { status: options.status ?? 200, headers: { ...pageHeaders, ...options.headers }, body: text.text };
}

/** After a form: look at the outcome with a GET, so that going back or reloading does nothing twice. */
export function seeOther(location: string, headers: Readonly<Record<string, string>> = {}): WebReply {
  return { status: 303, headers: { Location: location, "Content-Length": "0", ...headers } };
}

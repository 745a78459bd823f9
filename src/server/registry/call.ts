import type { WebReply, WebRequest } from "#host/web/web-server.ts";
import type { Identity } from "#registry/access/access.ts";
import type { Action } from "#registry/access/rights.ts";
import type { Actor } from "#registry/actor.ts";

/** One request that was let in, read as far as every handler needs it. */
export interface Call {
  readonly request: WebRequest;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly actor: Actor;
  /** May this request also do that? For what concerns a second repository. */
  readonly may: (action: Action, repository: string) => boolean;
  /** May whoever sent it, with another token? For lists. */
  readonly mayEver: (action: Action, repository: string) => boolean;
  /** `https://host:port` as the client called the registry. */
  readonly origin: string;
}

/** What a request needs: a right on the repository that its path names, or on the registry as a whole. */
export type Need = Action | "catalog" | "nothing" | "sign-in";

export type Handler = (call: Call) => WebReply | Promise<WebReply>;

export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Its named groups are the parameters; `name` is the repository. */
  readonly path: RegExp;
  readonly need: Need;
  readonly handle: Handler;
}

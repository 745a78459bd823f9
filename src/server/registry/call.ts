import type { WebReply, WebRequest } from "#host/web-server.ts";
import type { Actor } from "#registry/context.ts";

/** One request, read as far as every handler needs it. */
export interface Call {
  readonly request: WebRequest;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly actor: Actor;
  /** May the caller also do this? For what concerns a second repository. */
  readonly may: (action: Action, repository: string) => boolean;
}

/** What a token can be for: Docker's token specification, "Resource actions". */
export type Action = "pull" | "push" | "delete";

/** What a request needs: a right on the repository that its path names, or on the registry as a whole. */
export type Need = Action | "catalog" | "nothing" | "sign-in";

export type Handler = (call: Call) => WebReply | Promise<WebReply>;

export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Its named groups are the parameters. */
  readonly path: RegExp;
  readonly need: Need;
  readonly handle: Handler;
}

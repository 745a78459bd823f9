import type { WebReply } from "#host/web/web-server.ts";
import type { Access, Identity } from "#registry/access/access.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Call } from "../call.ts";
import type { Viewer } from "./layout.ts";
import type { Sessions } from "./session.ts";

/** One look at the page. */
export interface Visit {
  readonly call: Call;
  readonly viewer: Viewer;
  readonly identity: Identity;
  /** What a form sent; empty for a GET. */
  readonly form: URLSearchParams;
  /** The registry as clients name it in references. */
  readonly host: string;
}

export interface PageDeps {
  readonly context: RegistryContext;
  readonly access: Access;
  readonly sessions: Sessions;
}

export interface PageRoute {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly show: (visit: Visit) => WebReply | Promise<WebReply>;
}

import type { ApiVersion } from "./versions/api-version.ts";
import type { Query } from "./query.ts";
import type { Reply } from "./reply.ts";

/** One request, read as far as every handler needs it. */
export interface Call {
  readonly method: string;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly version: ApiVersion;
  readonly header: (name: string) => string | undefined;
  /** The body as JSON. `invalid-parameter` when it is none, too large, or not declared as JSON. Undefined when empty. */
  readonly json: () => Promise<unknown>;
  /** The body as it comes; `cancelled` when the client leaves before its end. Read this or {@link json}, once. */
  readonly body: () => AsyncIterable<Uint8Array>;
  /** Aborts when the client leaves before the answer is complete. */
  readonly signal: AbortSignal;
}

export type Handler = (call: Call) => Promise<Reply> | Reply;

export interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "PUT" | "HEAD" | "OPTIONS";
  /** `{name}` stands for one part, `{name...}` for one or more (image names have slashes). */
  readonly pattern: string;
  readonly handle: Handler;
}

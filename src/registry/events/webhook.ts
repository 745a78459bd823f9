/** Where events go. */
export interface Webhook {
  readonly url: string;
  /** Sent with every request, `Authorization` for one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends one body and gives the status of the answer. Throws when there is none. */
export type Post = (webhook: Webhook, body: string, signal: AbortSignal) => Promise<number>;

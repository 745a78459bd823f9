import { sleep } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { RegistryEvent } from "./event.ts";

/** Where events go. */
export interface Webhook {
  readonly url: string;
  /** Sent with every request, `Authorization` for one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends one body and gives the status of the answer. Throws when there is none. */
export type Post = (webhook: Webhook, body: string, signal: AbortSignal) => Promise<number>;

const MOST_WAITING = 10_000;
const MOST_IN_ONE = 50;
const DEFAULT_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Tells other programs what happened, in the envelope of the distribution project's notifications (its
 * `docs/content/about/notifications.md`), in order, again and again with growing pauses until a 2xx comes back. What
 * waits is in memory: it ends with the process, and beyond ten thousand the oldest go.
 */
export class WebhookSender {
  readonly #webhook: Webhook;
  readonly #post: Post;
  readonly #log: Log;
  readonly #host: string;
  readonly #firstPauseMs: number;
  readonly #instance = randomHex(16);
  readonly #waiting: Readonly<Record<string, unknown>>[] = [];
  readonly #leaving = new AbortController();
  #isSending = false;

  /** `host`: how the registry is called in the addresses that events carry. */
  constructor(deps: {
    readonly webhook: Webhook;
    readonly post: Post;
    readonly log: Log;
    readonly host: string;
    /** Before the second try. */
    readonly firstPauseMs?: number;
  }) {
    this.#firstPauseMs = deps.firstPauseMs ?? DEFAULT_PAUSE_MS;
    this.#webhook = deps.webhook;
    this.#post = deps.post;
    this.#log = deps.log;
    this.#host = deps.host;
  }

  tell(event: RegistryEvent): void {
    if (this.#leaving.signal.aborted) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift();
      this.#log.warn("an event is lost: a webhook does not answer", { url: this.#webhook.url });
    }
    this.#waiting.push(this.#enveloped(event));
    if (!this.#isSending) void this.#send();
  }

  /** Stop trying. */
  close(): void {
    this.#leaving.abort();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    const { signal } = this.#leaving;
    let pause = this.#firstPauseMs;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const events = this.#waiting.slice(0, MOST_IN_ONE);
      try {
        const status = await this.#post(this.#webhook, JSON.stringify({ events }), signal);
        if (status < 200 || status > 299) throw new Error(`the webhook answered with ${status}`);
        this.#waiting.splice(0, events.length);
        pause = this.#firstPauseMs;
      } catch (error) {
        this.#log.warn("a webhook failed", { url: this.#webhook.url, error: messageOf(error) });
        await sleep(pause, signal).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
    this.#isSending = false;
  }

  #enveloped(event: RegistryEvent): Readonly<Record<string, unknown>> {
    const { repository, digest, mediaType, sizeBytes, tag, fromRepository, actor } = event;
    const kind = event.isManifest ? "manifests" : "blobs";
    const request = actor.request;
    return {
      id: randomHex(16),
      timestamp: new Date(event.atMs).toISOString(),
      action: event.action,
      target: {
        mediaType,
        digest,
        size: sizeBytes,
        length: sizeBytes,
        repository,
        url: `${this.#host}/v2/${repository}/${kind}/${digest}`,
        ...(tag === undefined ? {} : { tag }),
        ...(fromRepository === undefined ? {} : { fromRepository }),
      },
      request:
        request === undefined
          ? {}
          : {
              id: request.id,
              addr: request.address,
              host: request.host,
              method: request.method,
              useragent: request.userAgent,
            },
      actor: actor.name === "" ? {} : { name: actor.name },
      source: { addr: this.#host, instanceID: this.#instance },
    };
  }
}

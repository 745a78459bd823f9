import { sleep } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import type { RegistryContext } from "../context.ts";
import type { DeliveryRow } from "../database/delivery-rows.ts";
import type { Post, Webhook } from "./webhook.ts";

const MOST_IN_ONE = 50;
const DEFAULT_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** An event that is refused after so many tries will not be taken later. */
const MOST_TRIES = 5;
const MOST_DEAD = 10_000;

/**
 * Tells one webhook of the events that wait for it, in order, each at least once: again and again with growing pauses
 * until a 2xx comes back. After a failure they go one by one, so that one that is refused stands alone. Given up, and
 * kept for the administrator, is what is refused (4xx) alone in its fifth try or later, or could not be told for `giveUpMs`.
 */
export class WebhookSender {
  readonly #context: RegistryContext;
  readonly #webhook: Webhook;
  readonly #post: Post;
  readonly #giveUpMs: number;
  readonly #firstPauseMs: number;
  readonly #leaving = new AbortController();
  #sending: Promise<void> | undefined;
  #isWoken = false;

  constructor(deps: {
    readonly context: RegistryContext;
    readonly webhook: Webhook;
    readonly post: Post;
    readonly giveUpMs: number;
    /** Before the second try. */
    readonly firstPauseMs?: number;
  }) {
    this.#context = deps.context;
    this.#webhook = deps.webhook;
    this.#post = deps.post;
    this.#giveUpMs = deps.giveUpMs;
    this.#firstPauseMs = deps.firstPauseMs ?? DEFAULT_PAUSE_MS;
  }

  /** There may be something to send. It begins after the caller's turn. */
  wake(): void {
    this.#isWoken = true;
    if (this.#sending !== undefined || this.#leaving.signal.aborted) return;
    this.#isWoken = false;
    this.#sending = Promise.resolve()
      .then(() => this.#send())
      .catch((error: unknown) => this.#context.log.error("webhooks stopped", { error: messageOf(error) }))
      .finally(() => {
        this.#sending = undefined;
        if (this.#isWoken) this.wake();
      });
  }

  /** Stop, and wait for what is under way to be cut off. What was not told stays. */
  async close(): Promise<void> {
    this.#leaving.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { deliveries, log } = this.#context;
    const { signal } = this.#leaving;
    const { url } = this.#webhook;
    let [pause, most] = [this.#firstPauseMs, MOST_IN_ONE];
    while (!signal.aborted) {
      const batch = deliveries.waiting(url, most);
      if (batch.length === 0) return;
      const outcome = await this.#try(batch);
      if (outcome.kind === "told") {
        deliveries.delete(batch.map(({ id }) => id));
        [pause, most] = [this.#firstPauseMs, MOST_IN_ONE];
        continue;
      }
      // Cut off by the registry's end: no fault of the webhook's.
      if (signal.aborted) return;
      log.warn("a webhook failed", { url, error: outcome.problem });
      this.#giveUp(batch, outcome);
      most = 1;
      await sleep(pause, signal).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  async #try(batch: readonly DeliveryRow[]): Promise<Outcome> {
    const body = `{"events":[${batch.map(({ event }) => event).join(",")}]}`;
    try {
      const status = await this.#post(this.#webhook, body, this.#leaving.signal);
      if (status >= 200 && status <= 299) return { kind: "told" };
      const isRefused = status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);
      return { kind: "failed", problem: `the webhook answered with ${status}`, isRefused };
    } catch (error) {
      return { kind: "failed", problem: messageOf(error), isRefused: false };
    }
  }

  #giveUp(batch: readonly DeliveryRow[], { problem, isRefused }: Failed): void {
    const { deliveries, log, now, database } = this.#context;
    const [head] = batch;
    database.transaction(() => {
      deliveries.failed(
        batch.map(({ id }) => id),
        problem,
      );
      let dead = deliveries.buryOlderThan(this.#webhook.url, now() - this.#giveUpMs, problem);
      if (dead === 0 && head !== undefined && batch.length === 1 && isRefused && head.tries + 1 >= MOST_TRIES) {
        deliveries.bury(head.id);
        dead = 1;
      }
      if (dead === 0) return;
      deliveries.trimDead(MOST_DEAD);
      log.error("a webhook was not told of events", { url: this.#webhook.url, events: dead, error: problem });
    });
  }
}

interface Failed {
  readonly kind: "failed";
  readonly problem: string;
  /** The event itself is what the webhook does not take; a login or address that is wrong may be put right. */
  readonly isRefused: boolean;
}
type Outcome = { readonly kind: "told" } | Failed;

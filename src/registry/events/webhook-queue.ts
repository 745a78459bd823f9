import type { RegistryContext } from "../context.ts";
import type { EventSource } from "./envelope.ts";
import { enveloped } from "./envelope.ts";
import type { RegistryEvent } from "./event.ts";

/** Beyond that the oldest go: a webhook that never answers must not fill the disk. */
const MOST_WAITING = 100_000;
const CHECKED_EVERY = 1000;
const PULLS_EVERY_MS = 500;

/**
 * Writes events down for every webhook, so that they outlive the registry. Changes are written in their own transaction:
 * who was told that a push is there can rely on its event. Pulls, of which there are many and which change nothing, are
 * gathered for half a second; a kill loses those.
 */
export class WebhookQueue {
  readonly #context: RegistryContext;
  readonly #urls: readonly string[];
  readonly #source: EventSource;
  readonly #onAdded: () => void;
  #pulls: RegistryEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #added = 0;

  /** `onAdded`: there is something to send; called inside the transaction, so it must begin later. */
  constructor(deps: {
    readonly context: RegistryContext;
    readonly urls: readonly string[];
    readonly source: EventSource;
    readonly onAdded: () => void;
  }) {
    this.#context = deps.context;
    this.#urls = deps.urls;
    this.#source = deps.source;
    this.#onAdded = deps.onAdded;
    deps.context.events.listen((event) => this.#happened(event));
  }

  /** Write down the pulls so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pulls = this.#pulls;
    this.#pulls = [];
    this.#write(pulls);
  }

  #happened(event: RegistryEvent): void {
    if (event.action !== "pull") {
      this.#write([...this.#pulls, event]);
      this.#pulls = [];
      return;
    }
    this.#pulls.push(event);
    this.#timer ??= setTimeout(() => this.flush(), PULLS_EVERY_MS);
  }

  #write(events: readonly RegistryEvent[]): void {
    if (events.length === 0) return;
    const { deliveries, database, now } = this.#context;
    const texts = events.map((event) => JSON.stringify(enveloped(event, this.#source)));
    database.transaction(() => {
      for (const url of this.#urls) for (const text of texts) deliveries.add(url, text, now());
    });
    this.#added += texts.length;
    if (this.#added >= CHECKED_EVERY) this.#bound();
    this.#onAdded();
  }

  #bound(): void {
    this.#added = 0;
    const { deliveries, log } = this.#context;
    for (const url of this.#urls) {
      const lost = deliveries.countWaiting(url) - MOST_WAITING;
      if (lost <= 0) continue;
      deliveries.dropOldest(url, lost);
      log.warn("events are lost: a webhook does not answer", { url, events: lost });
    }
  }
}

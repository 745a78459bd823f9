import type { RegistryContext } from "./context.ts";
import type { RegistryEvent } from "./events/event.ts";

/** Upper bounds of the buckets of request times, in seconds. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

/** What a registry did, counted, and what it holds, in the text format of Prometheus (exposition format 0.0.4). */
export class RegistryMetrics {
  readonly #context: RegistryContext;
  readonly #requests = new Map<string, number>();
  readonly #buckets = BUCKETS.map(() => 0);
  readonly #events = new Map<string, number>();
  #seconds = 0;
  #count = 0;
  #inFlight = 0;

  constructor(context: RegistryContext) {
    this.#context = context;
    context.events.listen((event) => this.#happened(event));
  }

  /** A request begins; the result is called with its status when the answer is known. */
  begin(method: string): (status: number) => void {
    const start = performance.now();
    this.#inFlight += 1;
    return (status) => {
      const seconds = (performance.now() - start) / 1000;
      this.#inFlight -= 1;
      this.#count += 1;
      this.#seconds += seconds;
      const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
      if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
      add(this.#requests, `method="${/^[A-Z]{3,7}$/.test(method) ? method : "other"}",code="${status}"`, 1);
    };
  }

  text(): string {
    const held = this.#context.database
      .prepare(
        `SELECT (SELECT COUNT(*) FROM repositories) AS repositories, (SELECT COUNT(*) FROM tags) AS tags,
         (SELECT COUNT(*) FROM blobs) AS blobs, (SELECT COALESCE(SUM(size_bytes), 0) FROM blobs) AS bytes,
         (SELECT COUNT(*) FROM webhook_events WHERE is_dead = 0) AS waiting,
         (SELECT COUNT(*) FROM webhook_events WHERE is_dead = 1) AS dead`,
      )
      .get();
    let below = 0;
    const buckets = BUCKETS.map((bound, at) => {
      below += this.#buckets[at] ?? 0;
      return `berth_registry_request_seconds_bucket{le="${bound}"} ${below}`;
    });
    return `${[
      ...metric("requests_total", "counter", "Answered requests.", labelled("requests_total", this.#requests)),
      ...metric("request_seconds", "histogram", "Time until the answer began.", [
        ...buckets,
        `berth_registry_request_seconds_bucket{le="+Inf"} ${this.#count}`,
        `berth_registry_request_seconds_sum ${this.#seconds}`,
        `berth_registry_request_seconds_count ${this.#count}`,
      ]),
      ...gauge("requests_in_flight", "Requests without an answer so far.", this.#inFlight),
      ...metric(
        "events_total",
        "counter",
        "What happened to blobs and manifests.",
        labelled("events_total", this.#events),
      ),
      ...gauge("repositories", "Repositories.", held?.["repositories"]),
      ...gauge("tags", "Tags.", held?.["tags"]),
      ...gauge("blobs", "Stored blobs.", held?.["blobs"]),
      ...gauge("blob_bytes", "Bytes of stored blobs.", held?.["bytes"]),
      ...metric("webhook_events", "gauge", "Events that webhooks were not told of.", [
        `berth_registry_webhook_events{state="waiting"} ${Number(held?.["waiting"])}`,
        `berth_registry_webhook_events{state="dead"} ${Number(held?.["dead"])}`,
      ]),
      ...gauge("resident_memory_bytes", "Memory of the process.", process.memoryUsage.rss()),
    ].join("\n")}\n`;
  }

  #happened({ action, isManifest }: RegistryEvent): void {
    add(this.#events, `action="${action}",kind="${isManifest ? "manifest" : "blob"}"`, 1);
  }
}

function add(counts: Map<string, number>, labels: string, count: number): void {
  counts.set(labels, (counts.get(labels) ?? 0) + count);
}

function labelled(name: string, counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].map(([labels, count]) => `berth_registry_${name}{${labels}} ${count}`);
}

function metric(name: string, type: string, help: string, samples: readonly string[]): readonly string[] {
  return [`# HELP berth_registry_${name} ${help}`, `# TYPE berth_registry_${name} ${type}`, ...samples];
}

function gauge(name: string, help: string, value: unknown): readonly string[] {
  return metric(name, "gauge", help, [`berth_registry_${name} ${Number(value)}`]);
}

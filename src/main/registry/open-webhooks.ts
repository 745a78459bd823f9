import { randomHex } from "#base/ids.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { Post } from "#registry/events/webhook.ts";
import { WebhookQueue } from "#registry/events/webhook-queue.ts";
import { WebhookSender } from "#registry/events/webhook-sender.ts";
import type { ServeSettings } from "./serve-settings.ts";

/** distribution's media type of notifications. */
const EVENTS_TYPE = "application/vnd.docker.distribution.events.v2+json";
/** What was brought back by an administrator is found after so long at most. */
const LOOKED_EVERY_MS = 60_000;

/**
 * Tell the webhooks that the person named of what happens, beginning with what an earlier run left, until the result is
 * called; what is not told by then stays in the database.
 */
export function openWebhooks(settings: ServeSettings, context: RegistryContext): () => Promise<void> {
  if (settings.webhooks.length === 0) return () => Promise.resolve();
  const http = new FetchHttp();
  const post: Post = async ({ url, headers }, body, signal) => {
    const answer = await http.send({
      url,
      method: "POST",
      headers: { "Content-Type": EVENTS_TYPE, ...headers },
      body,
      signal,
    });
    answer.cancel();
    return answer.status;
  };
  const host =
    settings.publicUrl ?? `${settings.tls === undefined ? "http" : "https"}://${settings.host}:${settings.port}`;
  const giveUpMs = settings.webhookPatienceMs;
  const senders = settings.webhooks.map((webhook) => new WebhookSender({ context, webhook, post, giveUpMs }));
  const wake = (): void => senders.forEach((sender) => sender.wake());
  const urls = settings.webhooks.map(({ url }) => url);
  const queue = new WebhookQueue({ context, urls, source: { host, instance: randomHex(16) }, onAdded: wake });
  wake();
  const timer = setInterval(wake, LOOKED_EVERY_MS);
  return async () => {
    clearInterval(timer);
    queue.flush();
    await Promise.all(senders.map((sender) => sender.close()));
  };
}

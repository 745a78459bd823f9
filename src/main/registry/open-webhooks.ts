import { FetchHttp } from "#host/registry-http.ts";
import type { RegistryContext } from "#registry/context.ts";
import { WebhookSender, type Post } from "#registry/events/webhooks.ts";
import type { ServeSettings } from "./serve-settings.ts";

/** distribution's media type of notifications. */
const EVENTS_TYPE = "application/vnd.docker.distribution.events.v2+json";

/** Tell the webhooks that the person named of what happens, until the result is called. */
export function openWebhooks(settings: ServeSettings, context: RegistryContext): () => void {
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
  const senders = settings.webhooks.map((webhook) => new WebhookSender({ webhook, post, log: context.log, host }));
  for (const sender of senders) context.events.listen((event) => sender.tell(event));
  return () => senders.forEach((sender) => sender.close());
}

import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Engine } from "#engine/engine.ts";
import type { HttpService } from "#host/http/http-server.ts";
import { prometheusContentType, prometheusText } from "./prometheus-text.ts";

/** `GET /metrics` for Prometheus, and nothing else. */
export function createMetricsServer(deps: {
  readonly engine: { readonly system: Pick<Engine["system"], "metrics"> };
  readonly log: Log;
}): HttpService {
  return {
    headers: {},
    async handle(exchange) {
      const send = (status: number, type: string, text: string): Promise<void> =>
        exchange.send(status, { "Content-Type": type }, text);
      const path = exchange.request.target.split("?")[0];
      if (path !== "/metrics") return send(404, "text/plain; charset=utf-8", "404 page not found\n");
      try {
        await send(200, prometheusContentType, prometheusText(deps.engine.system.metrics()));
      } catch (error) {
        deps.log.error("metrics cannot be read", { error: messageOf(error) });
        await send(500, "text/plain; charset=utf-8", `${messageOf(error)}\n`);
      }
    },
  };
}

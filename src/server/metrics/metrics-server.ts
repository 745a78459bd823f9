import { createServer, type Server } from "node:http";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Engine } from "#engine/engine.ts";
import { prometheusContentType, prometheusText } from "./prometheus-text.ts";

const requestTimeoutMs = 10_000;

/** `GET /metrics` for Prometheus, and nothing else. The caller listens on it and closes it. */
export function createMetricsServer(deps: {
  readonly engine: { readonly system: Pick<Engine["system"], "metrics"> };
  readonly log: Log;
}): Server {
  const limits = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
  return createServer(limits, (request, response) => {
    const send = (status: number, type: string, text: string): void => {
      response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    // Nothing of a body is wanted.
    request.resume();
    const path = (request.url ?? "/").split("?")[0];
    if (path !== "/metrics") return send(404, "text/plain; charset=utf-8", "404 page not found\n");
    try {
      send(200, prometheusContentType, prometheusText(deps.engine.system.metrics()));
    } catch (error) {
      deps.log.error("metrics cannot be read", { error: messageOf(error) });
      send(500, "text/plain; charset=utf-8", `${messageOf(error)}\n`);
    }
  });
}

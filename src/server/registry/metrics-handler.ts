import type { WebHandler } from "#host/web/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { RegistryMetrics } from "#registry/metrics.ts";
import { healthReply } from "./routes/health-routes.ts";

/** Metrics and health on an address of their own, which need not be open to clients. */
export function metricsHandler(context: RegistryContext, metrics: RegistryMetrics): WebHandler {
  return ({ path }) => {
    if (path === "/metrics") {
      const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" };
      return { status: 200, headers, body: metrics.text() };
    }
    if (path === "/livez" || path === "/readyz") return healthReply(context);
    return { status: 404, headers: { "Content-Type": "text/plain" }, body: "not found\n" };
  };
}

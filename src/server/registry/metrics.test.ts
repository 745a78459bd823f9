import { afterAll, beforeAll, expect, test } from "bun:test";
import { startWebServer, type WebServer } from "#host/web/web-server.ts";
import { metricsHandler } from "./metrics-handler.ts";
import { serveRegistry, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;
let watching: WebServer;

beforeAll(() => {
  registry = serveRegistry();
  const handler = metricsHandler(registry.context, registry.metrics);
  watching = startWebServer({ host: "127.0.0.1", port: 0 }, handler);
});
afterAll(async () => {
  await watching.stop(true);
  await registry.stop();
});

const watch = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${watching.port}${path}`);

test("metrics tell what was done and what there is", async () => {
  const image = await registry.pushImage("app", "v1", "12345");
  await registry.send("GET", "/v2/app/manifests/v1");
  await registry.send("GET", `/v2/app/blobs/${image.layer}`);
  await registry.send("GET", "/v2/app/manifests/none");
  registry.context.deliveries.add("http://hook.example", "{}", 0);
  const answer = await watch("/metrics");
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await answer.text()).split("\n");
  for (const line of [
    "# TYPE berth_registry_requests_total counter",
    'berth_registry_requests_total{method="PUT",code="201"} 3',
    'berth_registry_requests_total{method="GET",code="404"} 1',
    'berth_registry_request_seconds_bucket{le="+Inf"} 8',
    "berth_registry_requests_in_flight 0",
    'berth_registry_events_total{action="push",kind="blob"} 2',
    'berth_registry_events_total{action="pull",kind="manifest"} 1',
    "berth_registry_repositories 1",
    "berth_registry_tags 1",
    "berth_registry_blob_bytes 7",
    'berth_registry_webhook_events{state="waiting"} 1',
    'berth_registry_webhook_events{state="dead"} 0',
  ])
    expect(lines).toContain(line);
});

test("health is told on both addresses", async () => {
  for (const path of ["/livez", "/readyz"]) {
    expect((await watch(path)).status).toBe(200);
    expect((await registry.send("GET", path)).status).toBe(200);
  }
  expect((await watch("/other")).status).toBe(404);
  expect((await registry.send("GET", "/metrics")).status).toBe(404);
});

import { expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import { DurationHistogram } from "#engine/metrics/duration-histogram.ts";
import { openTcpSocket } from "#host/sockets/listening-socket.ts";
import { portOf } from "#host/sockets/testing/port-of.ts";
import { serveHttp } from "#host/web/serve-http.ts";
import { EngineBench } from "#engine/testing/engine-bench.ts";
import { createMetricsServer } from "./metrics-server.ts";
import { prometheusText } from "./prometheus-text.ts";

test("the text format: labels escaped, numbers in full", () => {
  const text = prometheusText([
    { name: "a_total", help: "one\ntwo \\", type: "counter", samples: [{ value: 1e15 }] },
    {
      name: "b",
      help: "b",
      type: "gauge",
      samples: [{ labels: { x: 'q"\\\n', y: "" }, value: 0.25 }, { value: Number.POSITIVE_INFINITY }],
    },
  ]);
  expect(text).toBe(
    '# HELP a_total one\\ntwo \\\\\n# TYPE a_total counter\na_total 1000000000000000\n# HELP b b\n# TYPE b gauge\nb{x="q\\"\\\\\\n",y=""} 0.25\nb +Inf\n',
  );
});

test("a histogram's buckets hold all that was quicker", () => {
  const histogram = new DurationHistogram();
  for (const seconds of [0.001, 0.01, 0.3, 100]) histogram.observe(seconds);
  const samples = histogram.samples({ action: "start" });
  const bucket = (le: string): number | undefined => samples.find(({ labels }) => labels?.["le"] === le)?.value;
  expect([bucket("0.005"), bucket("0.01"), bucket("0.25"), bucket("0.5"), bucket("10"), bucket("+Inf")]).toEqual([
    1, 2, 2, 3, 3, 4,
  ]);
  expect(samples.slice(-2)).toEqual([
    { suffix: "_sum", labels: { action: "start" }, value: 100.311 },
    { suffix: "_count", labels: { action: "start" }, value: 4 },
  ]);
});

test("the page of an engine that has worked", async () => {
  const bench = await EngineBench.open();
  const id = await bench.create({ Cmd: ["sleep"] });
  await bench.create();
  await bench.engine.containers.start(id);
  const { fd } = await openTcpSocket({ host: "127.0.0.1", port: 0 });
  const base = `http://127.0.0.1:${portOf(fd)}`;
  const server = serveHttp(fd, createMetricsServer({ engine: bench.engine, log: silentLog }));
  try {
    const response = await fetch(`${base}/metrics?x=1`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = (await response.text()).split("\n");
    for (const line of [
      'engine_daemon_container_states_containers{state="running"} 1',
      'engine_daemon_container_states_containers{state="stopped"} 1',
      'engine_daemon_container_actions_seconds_count{action="create"} 2',
      'engine_daemon_container_actions_seconds_count{action="start"} 1',
      'engine_daemon_container_actions_seconds_count{action="delete"} 0',
      `engine_daemon_events_total ${bench.world.published.length}`,
      "engine_daemon_engine_cpus_cpus 2",
      "# TYPE process_resident_memory_bytes gauge",
    ])
      expect(lines).toContain(line);
    const other = await fetch(`${base}/`);
    expect([other.status, await other.text()]).toEqual([404, "404 page not found\n"]);
    await bench.engine.containers.remove(id, { force: true, volumes: false });
    const after = await (await fetch(`${base}/metrics`)).text();
    expect(after).toContain('engine_daemon_container_actions_seconds_count{action="delete"} 1\n');
  } finally {
    server.close();
  }
});

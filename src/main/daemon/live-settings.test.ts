import { expect, test } from "bun:test";
import { LiveSettings, reloadAttributes } from "./live-settings.ts";
import { readSettings } from "./testing/read-settings.ts";

test("a reload takes what can change, and names what waits for a restart", () => {
  const live = new LiveSettings(readSettings([], { labels: ["a=b"], debug: false }));
  const waiting = live.reload(
    readSettings([], {
      labels: ["a=c"],
      debug: true,
      "shutdown-timeout": 3,
      "data-root": "/elsewhere",
      mtu: 1400,
      "registry-mirrors": ["https://m.example"],
    }),
  );
  expect(waiting.toSorted()).toEqual(["dataRoot", "network"]);
  expect(live.current).toMatchObject({ labels: ["a=c"], debug: true, logLevel: "debug", dataRoot: "/var/lib/berth" });
  expect(reloadAttributes(live.current)).toMatchObject({
    debug: "true",
    labels: '["a=c"]',
    "shutdown-timeout": "3",
    "registry-mirrors": '["https://m.example/"]',
    "max-concurrent-downloads": "3",
    "live-restore": "false",
  });
});

test("what the file no longer says is the flag's or the default again", () => {
  const live = new LiveSettings(readSettings(["--shutdown-timeout=9"], { labels: ["a=b"] }));
  live.reload(readSettings(["--shutdown-timeout=9"], {}));
  expect([live.current.labels, live.current.shutdownTimeoutSeconds]).toEqual([[], 9]);
});

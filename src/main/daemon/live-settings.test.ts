import { expect, test } from "bun:test";
import { LiveSettings, reloadAttributes } from "./live-settings.ts";
import { daemonOptions } from "./options/daemon-options.ts";
import { keyOf } from "./options/option.ts";
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
    "live-restore": "true",
  });
});

test("what the file no longer says is the flag's or the default again", () => {
  const live = new LiveSettings(readSettings(["--shutdown-timeout=9"], { labels: ["a=b"] }));
  live.reload(readSettings(["--shutdown-timeout=9"], {}));
  expect([live.current.labels, live.current.shutdownTimeoutSeconds]).toEqual([[], 9]);
});

test("the table says which settings change, and those do", () => {
  const samples: Readonly<Record<string, unknown>> = {
    labels: ["x=y"],
    "live-restore": false,
    "shutdown-timeout": 99,
    features: { cdi: true },
    runtimes: { crun: { path: "/usr/bin/crun" } },
    "default-runtime": "youki",
    debug: true,
    "default-shm-size": 4096,
    "default-ipc-mode": "shareable",
    "default-cgroupns-mode": "host",
    "insecure-registries": ["r.example"],
    "registry-mirrors": ["https://m.example"],
    registries: { "quay.io": { mirrors: ["https://m.example/quay"], only: true } },
    "image-cleanup": { high: "2GB", low: "1GB", keep: ["app*"] },
    "max-concurrent-downloads": 9,
    "max-concurrent-uploads": 9,
    "max-download-attempts": 9,
  };
  const said = daemonOptions
    .filter(({ reload, refused }) => reload === true && refused === undefined)
    .map((option) => keyOf(option) ?? option.name);
  expect(said.toSorted()).toEqual(Object.keys(samples).toSorted());
  for (const [key, value] of Object.entries(samples)) {
    const flags = key === "default-runtime" ? ["--add-runtime", "youki=/usr/bin/youki"] : [];
    const live = new LiveSettings(readSettings(flags));
    const next = readSettings(flags, { [key]: value });
    expect(live.reload(next)).toEqual([]);
    expect(live.current).toEqual(next);
  }
});

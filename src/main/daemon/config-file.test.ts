import { describe, expect, test } from "bun:test";
import { daemonOptions } from "./options/daemon-options.ts";
import { keyOf } from "./options/option.ts";
import { readSettings, refusal } from "./testing/read-settings.ts";

describe("daemon.json in dockerd's words", () => {
  test.each([
    ["{bad", "file: invalid character 'b' looking for beginning of object key string"],
    ["[]", "file: json: cannot unmarshal array into Go value of type map[string]interface {}"],
    [{ foo: 1, bar: 2 }, "file: the following directives don't match any configuration option: foo, bar"],
    [{ Debug: true }, "file: the following directives don't match any configuration option: Debug"],
    [{ debug: "x" }, "file: json: cannot unmarshal string into Go struct field Config.debug of type bool"],
    [{ mtu: "5" }, "file: json: cannot unmarshal string into Go struct field Config.mtu of type int"],
    [
      { "max-concurrent-uploads": 1.5 },
      "file: json: cannot unmarshal number 1.5 into Go struct field Config.max-concurrent-uploads of type int",
    ],
    [
      { "log-opts": { a: 5 } },
      "file: json: cannot unmarshal number into Go struct field Config.log-opts of type string",
    ],
    [
      { features: { buildkit: "x" } },
      "file: json: cannot unmarshal string into Go struct field Config.features of type bool",
    ],
    [{ labels: ["a"] }, "bad attribute format: a"],
    [{ labels: ["a=b", "a=c"] }, "conflict labels for a=c and a=b"],
    [{ dns: ["x"] }, "x is not an ip address"],
    [{ "max-concurrent-downloads": -1 }, "invalid max concurrent downloads: -1"],
    [
      { runtimes: { runc: { path: 1 } } },
      "file: json: cannot unmarshal number into Go struct field Config.runtimes of type string",
    ],
    [{ "log-level": "zz" }, "invalid logging level: zz"],
    [{ "log-format": "zz" }, "invalid log format: zz"],
    [{ "default-ipc-mode": "zz" }, 'default IPC mode setting (zz) is invalid; use "shareable" or "private"'],
    [{ "default-cgroupns-mode": "zz" }, 'default cgroup namespace mode (zz) is invalid; use "host" or "private"'],
    [{ "exec-opts": ["native.cgroupdriver=zz"] }, "native.cgroupdriver option zz not supported"],
    [{ "exec-opts": ["zz"] }, "invalid exec-opt (zz): must be formatted 'opt=value'"],
    [{ registries: { "r.example": { mirrors: [] } } }, 'registry "r.example" has no mirrors'],
    [
      { registries: { example: { mirrors: ["https://m.example"] } } },
      'invalid registry "example": want a host, or a host and the beginning of a path',
    ],
    [
      { registries: { "r.example": { mirrors: ["m.example"] } } },
      'invalid mirror: unsupported scheme "" in "m.example"',
    ],
    [{ registries: { "r.example": { mirrors: [], x: 1 } } }, 'file: registries: unknown field "x"'],
    [{ "image-cleanup": {} }, "image-cleanup: give high or unused-for, or every unused image would go"],
    [{ "image-cleanup": { low: "1GB", "unused-for": "1h" } }, "image-cleanup: low needs a high that is not below it"],
    [{ "image-cleanup": { high: "1GB", low: "2GB" } }, "image-cleanup: low needs a high that is not below it"],
    [{ "image-cleanup": { high: "many" } }, "image-cleanup: high: invalid size: 'many'"],
    [{ "image-cleanup": { high: "1GB", every: "0s" } }, "image-cleanup: every must be a second at least"],
    [{ "image-cleanup": { often: true } }, 'file: image-cleanup: unknown field "often"'],
    [{ "registry-mirrors": ["zz"] }, 'invalid mirror: unsupported scheme "" in "zz"'],
    [{ "default-ulimits": { nofile: { Name: "nofile", Soft: 2, Hard: 1 } } }, /ulimit soft limit must be less than/],
  ])("%j", (file, message) => {
    if (typeof message === "string") expect(refusal([], file)).toBe(message);
    else expect(refusal([], file)).toMatch(message);
  });

  test("a setting in both places is refused with both values", () => {
    expect(refusal(["-D"], { debug: true })).toBe(
      "file: the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: true)",
    );
    const argv = ["--label", "c=d", "--log-driver", "json-file"];
    expect(refusal(argv, { labels: ["a=b"], "log-driver": "local" })).toBe(
      "file: the following directives are specified both as a flag and in the configuration file: labels: (from flag: [c=d], from file: [a=b]), log-driver: (from flag: json-file, from file: local)",
    );
    expect(refusal(["--http-proxy", "http://u:p@a"], { proxies: { "http-proxy": "http://x:y@b" } })).toBe(
      "file: the following directives are specified both as a flag and in the configuration file: http-proxy: (from flag: http://xxxxx:xxxxx@a, from file: http://xxxxx:xxxxx@b)",
    );
  });

  test("a missing file counts only when it was named", () => {
    expect(refusal([])).toBe("accepted");
    expect(refusal(["--config-file", "/no/such"])).toBe(
      "unable to configure the Docker daemon with file /no/such: open /no/such: no such file or directory",
    );
  });

  test("an empty file, null and a byte order mark are nothing", () => {
    const plain = readSettings([]);
    expect(readSettings([], "  \n")).toEqual(plain);
    expect(readSettings([], '\uFEFF{"debug": null, "labels": null}')).toEqual(plain);
  });
});

describe("every option", () => {
  /** A value of each kind that differs from the default, as a flag and as JSON. */
  const samples: Readonly<Record<string, readonly [flag: string, json: unknown]>> = {
    "add-runtime": ["crun=/usr/bin/crun", { crun: { path: "/usr/bin/crun" } }],
    emulator: ["arm64=/usr/bin/qemu-aarch64-static", { arm64: "/usr/bin/qemu-aarch64-static" }],
    "default-address-pool": ["base=10.9.0.0/16,size=24", [{ base: "10.9.0.0/16", size: 24 }]],
    "default-ulimit": ["nofile=5:6", { nofile: { Name: "nofile", Soft: 5, Hard: 6 } }],
    "default-shm-size": ["1m", "1m"],
    "log-opt": ["max-size=1m", { "max-size": "1m" }],
    feature: ["cdi=false", { cdi: false }],
    bip: ["10.9.0.1/24", "10.9.0.1/24"],
    "fixed-cidr": ["10.9.0.0/24", "10.9.0.0/24"],
    "default-gateway": ["10.9.0.1", "10.9.0.1"],
    ip: ["127.0.0.2", "127.0.0.2"],
    dns: ["9.9.9.9", ["9.9.9.9"]],
    "dns-search": ["example.com", ["example.com"]],
    "host-gateway-ip": ["10.0.0.9", ["10.0.0.9"]],
    label: ["a=b", ["a=b"]],
    host: ["tcp://127.0.0.1:1", ["tcp://127.0.0.1:1"]],
    "data-root": ["/d", "/d"],
    "exec-root": ["/e", "/e"],
    "registry-mirror": ["https://m.example", ["https://m.example"]],
    "insecure-registry": ["r.example:5000", ["r.example:5000"]],
    registries: ["", { "r.example": { mirrors: ["https://m.example/r"], only: true } }],
    "image-cleanup": ["", { high: "2GB", low: "1GB", "unused-for": "1h", every: "10m", "dry-run": true }],
    "min-api-version": ["1.30", "1.30"],
    "metrics-addr": ["127.0.0.1:9", "127.0.0.1:9"],
    "log-level": ["warn", "warn"],
    "log-format": ["json", "json"],
    "default-ipc-mode": ["shareable", "shareable"],
    "default-cgroupns-mode": ["host", "host"],
    "cdi-spec-dir": ["/cdi", ["/cdi"]],
    mtu: ["1400", 1400],
    "default-network-opt": ["bridge=a=b", { bridge: { a: "b" } }],
    tlscacert: ["/ca", "/ca"],
    tlscert: ["/cert", "/cert"],
    tlskey: ["/key", "/key"],
    "default-runtime": ["zz", "zz"],
    bridge: ["br9", "br9"],
  };

  const sampleOf = (option: (typeof daemonOptions)[number]): readonly [string, unknown] => {
    const own = samples[option.name];
    if (own !== undefined) return own;
    if (option.kind.json === "true or false") {
      const other = option.value !== true;
      return [String(other), other];
    }
    if (option.kind.json === "whole number") return ["7", 7];
    return option.kind.json === "list of strings" ? ["x", ["x"]] : ["x", option.flag === false ? { x: 1 } : "x"];
  };

  /** Addresses are big integers. */
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item));

  /** Without these they would have no meaning. */
  const needs: Readonly<Record<string, readonly string[]>> = {
    "default-runtime": ["--add-runtime", "zz=/usr/bin/zz"],
    tlscacert: ["--tlsverify"],
    tlscert: ["--tlsverify"],
    tlskey: ["--tlsverify"],
  };

  /** Told about in daemon-settings.test.ts: these change no setting, or only where the settings are. */
  const alone = new Set(["config-file", "validate", "supervise", "exec-opt"]);

  test.each(daemonOptions.filter(({ name }) => !alone.has(name)).map((option) => [option.name, option] as const))(
    "%s is the same by flag and by file, and changes something or is refused by name",
    (name, option) => {
      const [flag, json] = sampleOf(option);
      const extraFlags = needs[name] ?? [];
      const plain = text({ ...readSettings(extraFlags), idle: [] });
      const key = keyOf(option);
      const results = [
        ...(option.flag === false ? [] : [["flag", [...extraFlags, `--${name}=${flag}`], undefined] as const]),
        ...(key === undefined ? [] : [["file", extraFlags, { [key]: json }] as const]),
      ].map(([way, argv, file]) => {
        const refused = refusal(argv, file);
        if (refused !== "accepted") {
          expect(refused).toContain(way === "flag" ? name : (key ?? name));
          return refused
            .replace(/^file: /, "")
            .replace(`--${name}`, "?")
            .replace(key ?? name, "?");
        }
        const { idle, ...settings } = readSettings(argv, file);
        if (option.idle !== undefined) expect(idle).toEqual([{ name, why: option.idle }]);
        else expect(text({ ...settings, idle: [] })).not.toBe(plain);
        return text(settings);
      });
      expect(results.length).toBeGreaterThan(0);
      expect(new Set(results).size).toBe(1);
    },
  );

  test("names, keys and letters are there once", () => {
    for (const names of [
      daemonOptions.map(({ name }) => name),
      daemonOptions.flatMap((option) => keyOf(option) ?? []),
      daemonOptions.flatMap(({ short }) => short ?? []),
    ]) {
      expect(names.length).toBe(new Set(names).size);
    }
  });
});

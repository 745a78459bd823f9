import { expect, test } from "bun:test";
import { checkLog, planLog } from "./plan-log.ts";

const refusal = (Type: string, Config: Readonly<Record<string, string>>): string => {
  try {
    checkLog({ Type, Config });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("json-file grows without limit, local is bounded and compressed, none keeps nothing", () => {
  const store = (Type: string, Config: Readonly<Record<string, string>> | null) => planLog({ Type, Config }).store;
  expect(store("json-file", {})).toEqual({
    format: "json",
    maxSizeBytes: Number.MAX_SAFE_INTEGER,
    maxFiles: 1,
    compress: false,
    hold: false,
  });
  const bounded = { format: "records", maxSizeBytes: 20 << 20, maxFiles: 5, compress: true, hold: false };
  expect(store("local", null)).toEqual({ ...bounded, format: "records" as const });
  expect(store("json-file", { "max-size": "10m", "max-file": "3", compress: "true" })).toMatchObject({
    maxSizeBytes: 10 << 20,
    maxFiles: 3,
    compress: true,
  });
  expect(store("none", { anything: "goes" })).toBeUndefined();
});

test("a driver that forwards keeps a bounded local copy, readable unless that is forbidden", () => {
  const plan = planLog({ Type: "fluentd", Config: { "cache-max-size": "1m", mode: "blocking" } });
  expect([plan.store?.maxSizeBytes, plan.store?.hold, plan.readable]).toEqual([1 << 20, true, true]);
  expect(planLog({ Type: "fluentd", Config: { "cache-disabled": "true" } }).readable).toBe(false);
});

// As Debian's dockerd 20.10 said them, at create or (with the prefix) at start.
const start = "failed to initialize logging driver: ";
const table: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["paper", {}, 'error looking up logging plugin paper: plugin "paper" not found'],
  ["splunk", {}, 'not supported by this engine yet: logging driver "splunk"'],
  ["json-file", { color: "red" }, "unknown log opt 'color' for json-file log driver"],
  ["local", { color: "red" }, "unknown log opt 'color' for log driver local"],
  ["json-file", { "max-size": "1m", "max-file": "0" }, `${start}max-file cannot be less than 1`],
  ["json-file", { "max-size": "x" }, `${start}invalid size: 'x'`],
  ["json-file", { "max-size": "0" }, `${start}max-size must be a positive number`],
  ["json-file", { "max-file": "x" }, `${start}strconv.Atoi: parsing "x": invalid syntax`],
  [
    "json-file",
    { compress: "true" },
    `${start}compress cannot be true when max-file is less than 2 or max-size is not set`,
  ],
  ["json-file", { compress: "x", "max-size": "1m" }, `${start}strconv.ParseBool: parsing "x": invalid syntax`],
  ["json-file", { tag: "{{" }, `${start}template: log-tag:1: unclosed action`],
  [
    "json-file",
    { tag: "{{.Foo}}" },
    `${start}template: log-tag:1:2: executing "log-tag" at <.Foo>: can't evaluate field Foo in type *logger.Info`,
  ],
  ["local", { "max-size": "x" }, `${start}invalid value for max-size: x: invalid size: 'x'`],
  ["local", { "max-file": "x" }, `${start}invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax`],
  ["local", { "max-file": "1" }, `${start}compression cannot be enabled when max file count is 1`],
  [
    "local",
    { compress: "x" },
    `${start}error reading compress log option: strconv.ParseBool: parsing "x": invalid syntax`,
  ],
  ["json-file", { mode: "x" }, "logger: logging mode not supported: x"],
  [
    "json-file",
    { "max-buffer-size": "1m" },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  [
    "json-file",
    { mode: "non-blocking", "max-buffer-size": "x" },
    "error parsing option max-buffer-size: invalid size: 'x'",
  ],
  ["syslog", { "cache-disabled": "x" }, "invalid value for option cache-disabled: x"],
  ["syslog", { "cache-foo": "x" }, "unknown log opt 'cache-foo' for syslog log driver"],
  ["syslog", { "syslog-address": "foo://x" }, "syslog-address should be in form proto://address, got foo://x"],
  ["syslog", { "syslog-address": "tcp://h:x" }, 'parse "tcp://h:x": invalid port ":x" after host'],
  ["syslog", { "syslog-address": "unix:///nothere" }, "stat /nothere: no such file or directory"],
  ["syslog", { "syslog-facility": "99" }, "invalid syslog facility"],
  ["syslog", { "syslog-format": "x" }, "Invalid syslog format"],
  ["gelf", {}, "gelf-address is a required parameter"],
  ["gelf", { "gelf-address": "http://x" }, "gelf-address should be in form proto://address, got http://x"],
  ["gelf", { "gelf-address": "udp://127.0.0.1" }, "gelf: please provide gelf-address as proto://host:port"],
  [
    "gelf",
    { "gelf-address": "udp://h:1", "gelf-compression-type": "x" },
    'unknown value "x" for log opt "gelf-compression-type" for gelf log driver',
  ],
  [
    "gelf",
    { "gelf-address": "udp://h:1", "gelf-compression-level": "10" },
    'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
  ],
  ["gelf", { "gelf-address": "tcp://h:1", "gelf-compression-type": "gzip" }, "compression is only supported on UDP"],
  [
    "gelf",
    { "gelf-address": "udp://h:1", "gelf-tcp-max-reconnect": "1" },
    '"gelf-tcp-max-reconnect" is only valid for TCP',
  ],
  [
    "gelf",
    { "gelf-address": "tcp://h:1", "gelf-tcp-reconnect-delay": "x" },
    '"gelf-tcp-reconnect-delay" must be a positive integer',
  ],
  [
    "fluentd",
    { "fluentd-address": "foo://x" },
    'invalid fluentd-address foo://x: strconv.Atoi: parsing "//x": invalid syntax',
  ],
  ["fluentd", { "fluentd-address": "h:x" }, 'invalid fluentd-address h:x: strconv.Atoi: parsing "x": invalid syntax'],
  ["fluentd", { "fluentd-buffer-limit": "x" }, "invalid size: 'x'"],
  ["fluentd", { "fluentd-retry-wait": "x" }, 'time: invalid duration "x"'],
  ["fluentd", { "fluentd-max-retries": "x" }, 'strconv.ParseUint: parsing "x": invalid syntax'],
  [
    "fluentd",
    { "fluentd-async": "true", "fluentd-async-connect": "true" },
    "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect",
  ],
];

for (const [driver, options, message] of table) {
  test(`${driver} ${JSON.stringify(options)} is refused`, () => expect(refusal(driver, options)).toBe(message));
}

test("addresses are read with their defaults", () => {
  const receiver = (Type: string, Config: Readonly<Record<string, string>>) => planLog({ Type, Config }).receiver;
  expect(receiver("syslog", { "syslog-address": "udp://[::1]" })).toMatchObject({
    address: { kind: "udp", host: "::1", port: 514 },
    facility: 3,
  });
  expect(receiver("syslog", { "syslog-address": "tcp://log.example:99", "syslog-facility": "local3" })).toMatchObject({
    address: { kind: "tcp", host: "log.example", port: 99 },
    facility: 19,
  });
  expect(receiver("syslog", {})).toMatchObject({ address: { kind: "local" } });
  const fluentd = (address: string) => receiver("fluentd", { "fluentd-address": address });
  expect(fluentd("")).toMatchObject({ address: { kind: "tcp", host: "127.0.0.1", port: 24224 } });
  expect(fluentd("h")).toMatchObject({ address: { kind: "tcp", host: "h", port: 24224 } });
  expect(fluentd("tls://h:1")).toMatchObject({ address: { kind: "tls", host: "h", port: 1 } });
  expect(fluentd("unix:///run/f.sock")).toMatchObject({ address: { kind: "unix", path: "/run/f.sock" } });
});

import { expect, test } from "bun:test";
import { chooseLog } from "./log-config.ts";

test("json-file keeps everything, local rotates, none keeps nothing", () => {
  expect(chooseLog({ Type: "json-file", Config: {} })).toEqual({ maxSizeBytes: Number.MAX_SAFE_INTEGER, maxFiles: 1 });
  expect(chooseLog({ Type: "local", Config: null })).toEqual({ maxSizeBytes: 20 << 20, maxFiles: 5 });
  expect(chooseLog({ Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } })).toEqual({
    maxSizeBytes: 10 << 20,
    maxFiles: 3,
  });
  expect(chooseLog({ Type: "none", Config: {} })).toBeUndefined();
});

test("what cannot be is refused by name", () => {
  const refuse = (Type: string, Config: Readonly<Record<string, string>>, message: string): void =>
    expect(() => chooseLog({ Type, Config })).toThrow(message);
  refuse("paper", {}, "logger: no log driver named 'paper' is registered");
  refuse("syslog", {}, 'not supported by this engine yet: logging driver "syslog"');
  refuse("json-file", { color: "red" }, "unknown log opt 'color' for json-file log driver");
  refuse("json-file", { "max-file": "2" }, "max-file option cannot be set without max-size");
  refuse("json-file", { "max-size": "1m", "max-file": "0" }, "max-file cannot be less than 1");
});

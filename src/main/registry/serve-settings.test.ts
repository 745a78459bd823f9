import { describe, expect, test } from "bun:test";
import { parseFlags } from "#cli/flags/parse-flags.ts";
import { registryCommands } from "./registry-commands.ts";
import { serveFlags } from "./serve-flags.ts";
import { serveSettings, type ServeSettings } from "./serve-settings.ts";

const files: Readonly<Record<string, string>> = { "/login": "ann:secret:word\n", "/empty": "" };

function settings(...argv: readonly string[]): ServeSettings {
  const { flags } = parseFlags(argv, serveFlags, { interspersed: true });
  return serveSettings(flags, { readFile: (path) => files[path] });
}

test("what nobody says", () => {
  expect(settings()).toMatchObject({
    host: "127.0.0.1",
    port: 5000,
    tls: undefined,
    auth: { kind: "none" },
    root: "/var/lib/berth-registry",
    storage: { kind: "files" },
    collectEveryMs: 3_600_000,
    scrubEveryMs: 0,
    registry: { graceMs: 86_400_000, undeleteMs: 604_800_000, maxBlobBytes: Number.MAX_SAFE_INTEGER, readOnly: false },
  });
});

test("what can be said", () => {
  expect(settings("--addr", ":80")).toMatchObject({ host: "0.0.0.0", port: 80 });
  expect(settings("--addr", "[::1]:0")).toMatchObject({ host: "::1", port: 0 });
  expect(settings("--public-url", "https://images.example/").publicUrl).toBe("https://images.example");
  expect(settings("--htpasswd", "/x").auth).toEqual({ kind: "htpasswd", path: "/x" });
  expect(settings("--max-blob-size", "1GiB", "--grace", "90s").registry).toMatchObject({
    maxBlobBytes: 1 << 30,
    graceMs: 90_000,
  });
  const upstream = ["--upstream", "hub=https://h.example/", "--upstream-login", "hub=/login", "--mirror", "hub"];
  expect(settings(...upstream)).toMatchObject({
    upstreams: [{ name: "hub", url: "https://h.example/", login: { username: "ann", password: "secret:word" } }],
    mirrorOf: "hub",
  });
  expect(settings("--webhook", "http://a/b", "--webhook-header", "Authorization=Bearer x=y").webhooks).toEqual([
    { url: "http://a/b", headers: { Authorization: "Bearer x=y" } },
  ]);
  expect(settings("--s3-endpoint", "https://s/", "--s3-bucket", "b", "--s3-prefix", "p/").storage).toEqual({
    kind: "objects",
    endpoint: "https://s",
    bucket: "b",
    region: "us-east-1",
    prefix: "p/",
  });
});

describe("what is refused, by name", () => {
  test.each([
    [["--addr", "localhost"], "--addr must be HOST:PORT"],
    [["--addr", "a:99999"], "--addr must be HOST:PORT"],
    [["--metrics-addr", "x"], "--metrics-addr must be HOST:PORT"],
    [["--root", "here"], "--root must be an absolute path"],
    [["--tls-cert", "/c"], "--tls-cert and --tls-key belong together"],
    [["--tls-cert", "/c", "--tls-key", "/k"], "open /c: no such file"],
    [["--auth", "users", "--htpasswd", "/x"], "exclude each other"],
    [["--public-url", "images.example"], "--public-url must be"],
    [["--grace", "-1s"], "--grace must not be negative"],
    [["--upstream", "x"], "--upstream must be NAME=VALUE"],
    [["--upstream", "X=https://h"], "cannot be the beginning"],
    [["--upstream", "x=h"], "is not https://HOST"],
    [["--upstream-login", "x=/login"], "there is no upstream x"],
    [["--upstream", "x=https://h", "--upstream-login", "x=/empty"], "does not hold USER:PASSWORD"],
    [["--mirror", "x"], "there is no upstream x"],
    [["--webhook", "ftp://x"], "--webhook must be"],
    [["--s3-bucket", "x"], "--s3-endpoint and --s3-bucket belong together"],
    [["--auth", "everyone"], "must be one of none, users"],
  ])("%p", (argv, message) => {
    expect(() => settings(...argv)).toThrow(message);
  });
});

test("every command of the registry is there once and explains itself", () => {
  const paths = registryCommands.flatMap((command) => command.paths);
  expect(paths.length).toBe(new Set(paths).size);
  for (const {
    paths: [path],
    summary,
    flags,
  } of registryCommands) {
    expect([path.startsWith("registry "), summary !== "", flags.every(({ usage }) => usage !== "")]).toEqual([
      true,
      true,
      true,
    ]);
  }
});

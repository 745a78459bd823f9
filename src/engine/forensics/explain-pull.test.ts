import { expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { explainPull } from "./explain-pull.ts";

const reference = parseReference("reg.example.com:5000/team/app:v1");
const cause = (error: unknown): string => explainPull(error, reference).Cause;

test("by what is known of the connection, wherever it stands", () => {
  const failure = (reason: string): BerthError => new BerthError("internal", "Get: x", { details: { reason } });
  expect(cause(failure("no-such-host"))).toBe("name-service");
  expect(cause(failure("refused"))).toBe("unreachable");
  expect(cause(failure("certificate"))).toBe("certificate");
  expect(cause(failure("not-tls"))).toBe("not-tls");
  expect(cause(new BerthError("internal", "pull failed", { cause: failure("timeout") }))).toBe("timeout");
  const full = Object.assign(new Error("write"), { code: "ENOSPC" });
  expect(cause(new BerthError("internal", "could not keep it", { cause: full }))).toBe("disk-full");
  expect(cause(new BerthError("data-loss", "manifest verification failed for digest x"))).toBe("damaged");
});

test.each([
  ["toomanyrequests: You have reached your pull rate limit", "rate-limit"],
  ["pull access denied for team/app, repository does not exist or may require 'docker login': denied", "denied"],
  ['Get "https://r/v2/": unauthorized: authentication required', "unauthorized"],
  ['Get "https://r/v2/": no basic auth credentials', "unauthorized"],
  ["manifest for r/team/app:v1 not found: manifest unknown: manifest unknown", "not-found"],
  ["no matching manifest for linux/amd64 in the manifest list entries", "platform"],
  ["write /x: no space left on device", "disk-full"],
  ["received unexpected HTTP status: 503 Service Unavailable", "registry"],
  ["something else", "other"],
])("by its words: %s", (message, wanted) => expect(cause(new Error(message))).toBe(wanted));

test("what to do names the registry", () => {
  expect(explainPull(new Error("unauthorized"), reference).Advice).toBe("Log in: berth login reg.example.com:5000");
  expect(explainPull(new Error("unauthorized"), parseReference("app")).Advice).toBe("Log in: berth login");
  expect(explainPull(new Error("not found"), reference).Reason).toBe("reg.example.com:5000 has no team/app:v1");
});

import { expect, test } from "bun:test";
import { formatRegistryError, readRegistryError } from "./registry-errors.ts";
import { parseChallenges } from "./www-authenticate.ts";

const said = (status: number, challenge: string, body: string): string | undefined => {
  const error = readRegistryError(status, parseChallenges(challenge), body);
  return error === undefined ? undefined : formatRegistryError(error);
};

test("what a registry says, in the words Docker's client prints", () => {
  const unknown = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}';
  expect(said(404, "", unknown)).toBe("manifest unknown: manifest unknown");
  expect(said(401, "", '{"details":"incorrect username or password"}')).toBe(
    "unauthorized: incorrect username or password",
  );
  expect(said(401, "", "<html>")).toBe("unauthorized: authentication required");
  expect(said(403, "", "")).toBe("denied: requested access to the resource is denied");
  expect(said(401, 'Bearer realm="x",error="insufficient_scope"', "{}")).toBe(
    "denied: requested access to the resource is denied",
  );
  expect(said(401, 'Bearer realm="x",error="invalid_token",error_description="too old"', "{}")).toBe(
    "unauthorized: too old",
  );
  expect(said(429, "", '{"errors":[{"code":"TOOMANYREQUESTS"}]}')).toBe("toomanyrequests: too many requests");
  expect(said(502, "", "bad gateway")).toBeUndefined();
  expect(said(404, "", '{"errors":[]}')).toBeUndefined();
});

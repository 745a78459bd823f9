import { expect, test } from "bun:test";
import { gitAuthorization, webAuthorization, type SourceCredentials } from "./credentials.ts";

function having(secrets: Readonly<Record<string, string>>): SourceCredentials {
  const bytes = Object.entries(secrets).map(([id, text]) => [id, new TextEncoder().encode(text)] as const);
  return { agent: undefined, secrets: new Map(bytes) };
}

const basic = (token: string): string => `basic ${btoa(`x-access-token:${token}`)}`;

test.each([
  ["https://a.example/x.git", { GIT_AUTH_TOKEN: "t\n" }, basic("t")],
  ["https://a.example/x.git", { GIT_AUTH_TOKEN: "t", "GIT_AUTH_TOKEN.a.example": "own" }, basic("own")],
  ["https://a.example/x.git", { GIT_AUTH_TOKEN: "t", GIT_AUTH_HEADER: "basic abc" }, "basic abc"],
  ["https://a.example/x.git", { "GIT_AUTH_TOKEN.b.example": "other" }, undefined],
  ["http://a.example:8080/x.git", { "GIT_AUTH_TOKEN.a.example:8080": "port" }, basic("port")],
  ["git@a.example:x.git", { GIT_AUTH_TOKEN: "t" }, undefined],
  ["https://a.example/x.git", { GIT_AUTH_TOKEN: "two\nlines" }, undefined],
] as const)("%s with %j", (remote, secrets, expected) => {
  expect(gitAuthorization(remote, having(secrets))).toBe(expected);
});

test.each([
  ["https://a.example/f", { "HTTP_AUTH_TOKEN_a.example": "t" }, "Bearer t"],
  ["https://a.example/f", { "HTTP_AUTH_TOKEN_a.example": "t", "HTTP_AUTH_HEADER_a.example": "Basic x" }, "Basic x"],
  ["https://a.example/f", { "HTTP_AUTH_TOKEN_b.example": "t", GIT_AUTH_TOKEN: "g" }, undefined],
] as const)("%s with %j", (url, secrets, expected) => {
  expect(webAuthorization(url, having(secrets))).toBe(expected);
});

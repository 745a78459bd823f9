import { describe, expect, test } from "bun:test";
import { messageOf } from "#base/errors.ts";
import {
  canonicalString,
  familiarString,
  isTag,
  parseAnyReference,
  parseReference,
  withDefaultTag,
} from "./reference.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}`;

describe("parseReference", () => {
  test.each([
    ["busybox", "docker.io/library/busybox", "busybox"],
    ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
    ["library/busybox", "docker.io/library/busybox", "busybox"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"],
    ["user/app:v1", "docker.io/user/app:v1", "user/app:v1"],
    ["library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["localhost/app", "localhost/app", "localhost/app"],
    ["localhost:5000/app", "localhost:5000/app", "localhost:5000/app"],
    ["127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000/a/b/c:x"],
    ["[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"],
    ["REGISTRY/app", "REGISTRY/app", "REGISTRY/app"],
    ["example.com/a__b/c--d.e_f", "example.com/a__b/c--d.e_f", "example.com/a__b/c--d.e_f"],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`, `busybox:1@${digest}`],
    ["localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"],
  ])("%s", (text, canonical, familiar) => {
    const reference = parseReference(text);
    expect(canonicalString(reference)).toBe(canonical);
    expect(familiarString(reference)).toBe(familiar);
    expect(parseReference(familiar)).toEqual(reference);
    expect(parseReference(canonical)).toEqual(reference);
  });

  test.each([
    ["", "invalid reference format"],
    [" busybox", "invalid reference format"],
    ["a//b", "invalid reference format"],
    ["a/", "invalid reference format"],
    ["a:", "invalid reference format"],
    ["a@", "invalid reference format"],
    [":tag", "invalid reference format"],
    ["a___b", "invalid reference format"],
    ["a..b/c d", "invalid reference format"],
    ["-a", "invalid reference format"],
    [`a:${"t".repeat(129)}`, "invalid reference format"],
    ["a@sha256:short", "invalid reference format"],
    [`a@md5:${"a".repeat(32)}`, "invalid reference format"],
    [`a@sha256:${"A".repeat(64)}`, "invalid reference format"],
    ["a\0b", "invalid reference format"],
    ["x".repeat(5000), "invalid reference format"],
    ["http://example.com/app", "invalid reference format"],
    ["UPPER", "invalid reference format: repository name (library/UPPER) must be lowercase"],
    ["example.com/Up/App:V1", "invalid reference format: repository name (Up/App) must be lowercase"],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    ["a".repeat(256), "repository name must not be more than 255 characters"],
  ])("refuses %j", (text, sentence) => {
    let said = "";
    try {
      parseReference(text);
    } catch (error) {
      said = messageOf(error);
    }
    expect(said).toBe(sentence);
  });

  test("takes time in proportion to a hostile text's length", () => {
    for (const text of [`${"a-".repeat(500)}!`, `${"a.".repeat(500)}/x`, `${"a/".repeat(500)}!`]) {
      expect(() => parseReference(text)).toThrow();
    }
  });
});

test("withDefaultTag adds latest only to a bare name", () => {
  expect(familiarString(withDefaultTag(parseReference("a")))).toBe("a:latest");
  expect(familiarString(withDefaultTag(parseReference(`a@${digest}`)))).toBe(`a@${digest}`);
});

test("parseAnyReference tells ids from names", () => {
  expect(parseAnyReference(hex)).toEqual({ kind: "id", digest });
  expect(parseAnyReference(digest)).toEqual({ kind: "id", digest });
  expect(parseAnyReference("abc123").kind).toBe("reference");
});

test("isTag", () => {
  expect([
    isTag("v1.0-x_Y"),
    isTag(".x"),
    isTag("-x"),
    isTag(""),
    isTag("a".repeat(128)),
    isTag("a".repeat(129)),
  ]).toEqual([true, false, false, false, true, false]);
});

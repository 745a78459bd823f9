import { expect, test } from "bun:test";

import { digestAlgorithm, digestHex, isDigest, parseDigest } from "./digest.ts";

const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("a digest is taken apart and put together", () => {
  const digest = parseDigest(`sha256:${hex}`);
  expect(digestAlgorithm(digest)).toBe("sha256");
  expect(digestHex(digest)).toBe(hex);
  expect(isDigest(`sha512:${hex}${hex}`)).toBe(true);
});

test.each([
  "",
  "sha256",
  "sha256:",
  `sha256:${hex.slice(1)}`,
  `sha256:${hex}0`,
  `sha256:${hex.toUpperCase()}`,
  `md5:${hex.slice(32)}`,
  `sha512:${hex}`,
  `sha256:../${hex.slice(3)}`,
  hex,
])("%p is refused", (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow("invalid digest");
});

import { expect, test } from "bun:test";
import { parseMediaType } from "./media-type.ts";

test.each([
  ["application/json", "application/json"],
  ["APPLICATION/JSON ; charset=utf-8", "application/json"],
  ['application/json; a="b;\\"c"; d=e;', "application/json"],
  ["json", "json"],
])("%s", (header, media) => {
  expect(parseMediaType(header)).toBe(media);
});

test.each([
  ["", "mime: no media type"],
  [";;", "mime: no media type"],
  ["a b", "mime: expected slash after first token"],
  ["a/", "mime: expected token after slash"],
  ["a/b c", "mime: unexpected content after media subtype"],
  ["application/json; x", "mime: invalid media parameter"],
  ["application/json; x=", "mime: invalid media parameter"],
  ["application/json; x=1; X=2", "mime: duplicate parameter name"],
])("%s is refused", (header, message) => {
  expect(() => parseMediaType(header)).toThrow(message);
});

import { expect, test } from "bun:test";
import { jsonSyntaxError } from "./json-syntax.ts";

const cases: readonly (readonly [string, string])[] = [
  ["{", "unexpected EOF"],
  ['{"a"', "unexpected EOF"],
  ['{"a": "b', "unexpected EOF"],
  ["x", "invalid character 'x' looking for beginning of value"],
  ["{a: 1}", "invalid character 'a' looking for beginning of object key string"],
  ["{,}", "invalid character ',' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a": 1 "b"}', "invalid character '\"' after object key:value pair"],
  ['{"a": 1,}', "invalid character '}' looking for beginning of object key string"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  ["trve", "invalid character 'v' in literal true (expecting 'u')"],
  ["-x", "invalid character 'x' in numeric literal"],
  ['"\\q"', "invalid character 'q' in string escape code"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ["{} {}", "unexpected content after JSON"],
];
for (const [text, message] of cases) {
  test(JSON.stringify(text), () => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(jsonSyntaxError(text)).toBe(message);
  });
}

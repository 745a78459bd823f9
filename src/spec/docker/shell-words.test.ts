import { expect, test } from "bun:test";
import { expandWord, expandWords, splitWords } from "./shell-words.ts";

const lookup = (name: string): string | undefined => ({ x: "X", empty: "", two: "a b", "1": "one" })[name];

test.each<[string, readonly string[]]>([
  ["", []],
  ["a  b\tc", ["a", "b", "c"]],
  [`"a b" 'c d'e`, ['"a b"', "'c d'e"]],
  ["a\\ b c", ["a\\ b", "c"]],
  [`k="v w" 'x=y z'`, ['k="v w"', "'x=y z'"]],
])("%j splits at blanks outside quotes", (text, words) => {
  expect(splitWords(text)).toEqual([...words]);
});

test.each([
  ["plain", "plain"],
  ["$x-${x}", "X-X"],
  ["${nope}|$nope|$empty", "||"],
  ["${nope:-d}${empty:-e}${x:-f}", "deX"],
  ["${x:+y}${nope:+y}", "y"],
  ["${nope:-${x}}", "X"],
  ["\\$x", "$x"],
  ["'$x'", "$x"],
  ['"$two"', "a b"],
  ['"\\a\\"\\$x"', '\\a"$x'],
  ["a$", "a$"],
  ["$1", "one"],
])("%j is %j", (text, expected) => {
  expect(expandWord(text, lookup)).toBe(expected);
});

test("words are expanded after they were split", () => {
  expect(expandWords("$two c", lookup)).toEqual(["a b", "c"]);
});

test.each([
  ["'open", "single-quote"],
  ['"open', "double-quote"],
  ["${x", "missing '}'"],
  ["${x%y}", "unsupported modifier (%y)"],
  ["${}", "bad substitution"],
  ["${nope:?why}", "nope: why"],
])("%j is refused", (text, message) => {
  expect(() => expandWord(text, lookup)).toThrow(message);
});

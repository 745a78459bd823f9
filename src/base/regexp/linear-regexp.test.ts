import { describe, expect, test } from "bun:test";
import { LinearRegexp } from "./linear-regexp.ts";

const texts = [
  ...[
    "",
    "a",
    "b",
    "ab",
    "ba",
    "aab",
    "abc",
    "abab",
    "aaaa",
    "web-1",
    "web_12",
    "my.web",
    "/web",
    "x y",
    "é",
    "A",
    "1a",
    "a\nb",
  ],
];

/** The same question to JavaScript's own matcher, whose answers agree on this part of the syntax. */
describe("says what JavaScript says", () => {
  const patterns = [
    ...[
      "a",
      "^a",
      "a$",
      "^a$",
      "^$",
      "",
      ".",
      "a.b",
      "a|b",
      "^(?:a|ab)(?:c|bcd)?$",
      "(a)(b)",
      "a*",
      "^a*$",
      "a+b",
      "^a?b$",
    ],
    ...[
      "^(ab)+$",
      "^(a|b)*$",
      "^a{2}$",
      "^a{2,}$",
      "^a{1,3}b$",
      "^a{0}b",
      "a{,2}",
      "a*?b",
      "a+?",
      "(a*)*",
      "(a*)+$",
      "(|a)+b",
    ],
    ...[
      "[ab]",
      "^[^ab]+$",
      "[a-c]+$",
      "^[a-]$",
      "^[-a]$",
      "[]a]",
      "[^]a]",
      "\\d",
      "^\\w+$",
      "\\s",
      "\\W",
      "[\\d_]",
      "\\.",
      "^\\/web$",
    ],
    ...["\\bweb", "web\\b", "\\Bb", "^web[-_]\\d{1,2}$", "é", "^.$", "a\\nb", "(?<n>a)b", "a||b"],
  ];
  for (const pattern of patterns) {
    test(JSON.stringify(pattern), () => {
      // RE2 and POSIX: a bracket right after the opening one is a member, a brace that counts nothing a letter.
      const theirs = new RegExp(
        pattern.replace("[]a]", "[\\]a]").replace("[^]a]", "[^\\]a]").replace("a{,2}", "a\\{,2\\}"),
        "u",
      );
      const ours = new LinearRegexp(pattern);
      expect(texts.filter((text) => ours.test(text))).toEqual(texts.filter((text) => theirs.test(text)));
    });
  }
});

test("named classes, either case, edges of the text", () => {
  expect(new LinearRegexp("^[[:alpha:]]+$").test("Web")).toBe(true);
  expect(new LinearRegexp("(?i)^wEb[x-z]$").test("WeBZ")).toBe(true);
  expect(new LinearRegexp("\\Aweb\\z").test("web")).toBe(true);
  expect(new LinearRegexp("\\Aweb\\z").test("web2")).toBe(false);
});

test("refuses what is no expression, and what would be too large", () => {
  const wrong = [
    "(",
    ")",
    "a)",
    "[",
    "[z-a]",
    "*",
    "a{2,1}",
    "a{1001}",
    "\\",
    "\\1",
    "(?=a)",
    "(?<=a)",
    "(?s)a",
    "[[:no:]]",
  ];
  for (const pattern of wrong) expect(() => new LinearRegexp(pattern)).toThrow("error parsing regexp");
  expect(() => new LinearRegexp("(".repeat(1000) + ")".repeat(1000))).toThrow("nests too deeply");
  expect(() => new LinearRegexp("((a{100}){100}){100}")).toThrow("too large");
});

test("takes no more time for what would keep a backtracking matcher busy for ever", () => {
  const text = "a".repeat(3000);
  for (const pattern of ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)(.*)x"])
    expect(new LinearRegexp(pattern).test(text)).toBe(false);
});

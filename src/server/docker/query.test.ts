import { expect, test } from "bun:test";
import { parseQuery } from "./query.ts";

test("bad escapes and semicolons are refused in Go's words", () => {
  expect(() => parseQuery("a=%zz")).toThrow('invalid URL escape "%zz"');
  expect(() => parseQuery("a=%")).toThrow('invalid URL escape "%"');
  expect(() => parseQuery("a=1;b=2")).toThrow("invalid semicolon separator in query");
  expect(parseQuery("a=%3b+%2B&b").text("a")).toBe("; +");
});

test("integers", () => {
  expect(parseQuery("t=-1").integer("t")).toBe(-1);
  expect(parseQuery("t=").integer("t")).toBeUndefined();
  expect(() => parseQuery("t=1e3").integer("t")).toThrow('strconv.Atoi: parsing "1e3": invalid syntax');
  expect(() => parseQuery("t=99999999999999999999").integer("t")).toThrow("value out of range");
});

import { expect, test } from "bun:test";
import { parseChallenges } from "./www-authenticate.ts";

const read = (header: string): unknown => JSON.parse(JSON.stringify(parseChallenges(header)));

test("one challenge with quoted and bare parameters", () => {
  expect(read('Bearer realm="https://auth.example/token",service="a b, c",scope=repository:x:pull')).toEqual([
    {
      scheme: "bearer",
      parameters: { realm: "https://auth.example/token", service: "a b, c", scope: "repository:x:pull" },
    },
  ]);
});

test("several challenges in one header", () => {
  expect(read('Negotiate, Basic realm="x" , Bearer realm="y",error="insufficient_scope"')).toEqual([
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: { realm: "x" } },
    { scheme: "bearer", parameters: { realm: "y", error: "insufficient_scope" } },
  ]);
});

test("escapes, spaces around =, names in any case, the first of equal names", () => {
  expect(read('BASIC Realm = "a\\"b" , realm="second"')).toEqual([{ scheme: "basic", parameters: { realm: 'a"b' } }]);
});

test("nonsense yields what can be read and ends", () => {
  expect(read("")).toEqual([]);
  expect(read(',,,"""===')).toEqual([]);
  expect(read('Bearer realm="unclosed')).toEqual([
    { scheme: "bearer", parameters: { realm: "" } },
    { scheme: "unclosed", parameters: {} },
  ]);
  expect(parseChallenges("a ".repeat(100_000)).length).toBeGreaterThan(0);
  expect(Object.keys(parseChallenges('x __proto__="1"')[0]?.parameters ?? {})).toEqual(["__proto__"]);
});

import { expect, test } from "bun:test";
import { allowedActions, EVERY_USER, EVERYONE, fits, nobody, type Grant } from "./rights.ts";

const grants: readonly Grant[] = [
  { who: EVERYONE, pattern: "public/*", actions: ["pull"] },
  { who: EVERY_USER, pattern: "shared/*", actions: ["pull", "push"] },
  { who: "bob", pattern: "shared/app", actions: ["delete"] },
];
const ann = { name: "ann", isAdmin: false };
const bob = { name: "bob", isAdmin: false };

test.each([
  [nobody, "public/a/b", ["pull"]],
  [nobody, "shared/app", []],
  [ann, "shared/app", ["pull", "push"]],
  [bob, "shared/app", ["pull", "push", "delete"]],
  [ann, "ann/app", ["pull", "push", "delete"]],
  [ann, "anna/app", []],
  [ann, "bob/app", []],
  [{ name: "root", isAdmin: true }, "bob/app", ["pull", "push", "delete"]],
  [{ ...ann, only: ["pull"] as const }, "ann/app", ["pull"]],
  [{ ...ann, only: ["delete"] as const }, "shared/app", []],
] as const)("%j on %s: %j", (account, repository, actions) => {
  expect(allowedActions(account, repository, grants)).toEqual([...actions]);
});

test.each([
  ["*", "a/b", true],
  ["a/*", "a/b/c", true],
  ["a/*", "a", false],
  ["a.b", "axb", false],
  ["*/app", "x/app", true],
  ["(a|b)", "a", false],
])("the pattern %s and %s: %p", (pattern, text, fine) => {
  expect(fits(pattern, text)).toBe(fine);
});

import { expect, test } from "bun:test";
import { suggest, withSuggestion } from "./suggest.ts";

test("the nearest of what is known", () => {
  expect(suggest("buidl", ["build", "test"])).toBe("build");
  expect(suggest("abc", ["xyz"])).toBeUndefined();
  expect(suggest("build", ["build", "builds"])).toBeUndefined();
  expect(suggest("RUNN", ["RUN", "ENV"], true)).toBe("RUN");
  expect(suggest("runn", ["RUN", "ENV"], true)).toBe("run");
  expect(withSuggestion("no stage", "prod", ["prof", "base"])).toBe("no stage (did you mean prof?)");
  expect(withSuggestion("no stage", "prod", [])).toBe("no stage");
});

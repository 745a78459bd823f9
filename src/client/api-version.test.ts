import { expect, test } from "bun:test";
import { compareVersions, negotiate } from "./api-version.ts";

test("versions compare by number", () => {
  expect(compareVersions("1.9", "1.24")).toBeLessThan(0);
  expect(compareVersions("2.0", "1.51")).toBeGreaterThan(0);
  expect(compareVersions("1.51", "1.51")).toBe(0);
});

test("the older of both is spoken", () => {
  expect(negotiate("1.51", "1.44")).toBe("1.44");
  expect(negotiate("1.51", "1.60")).toBe("1.51");
  expect(negotiate("1.51", undefined)).toBe("1.24");
});

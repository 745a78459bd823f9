import { expect, test } from "bun:test";
import { naturalOrder } from "./natural-order.ts";

test("digits count as numbers, letters by their code", () => {
  const names = ["n10", "b", "n2", "n", "Nb", "2", "10", "a1b20", "a1b3", "n2x"];
  expect(names.toSorted(naturalOrder)).toEqual(["2", "10", "Nb", "a1b3", "a1b20", "b", "n", "n2", "n2x", "n10"]);
});

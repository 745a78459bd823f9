import { expect, test } from "bun:test";
import { inTurns, median, ratioOf, table } from "./measure.ts";

test("median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test("samples are taken in turns, each side first in turn, the first round is thrown away", async () => {
  const order: string[] = [];
  const figures = await inTurns("m", "ms", [{ name: "a" }, { name: "b" }], 2, async (side) => {
    order.push(side.name);
    return order.length;
  });
  expect(order).toEqual(["b", "a", "a", "b", "b", "a"]);
  expect(figures.map((figure) => figure.samples)).toEqual([
    [3, 6],
    [4, 5],
  ]);
});

test("the table's ratio says how many times better the first side is", () => {
  const figure = (side: string, value: number, unit: "ms" | "runs/s") => ({
    measure: unit,
    unit,
    side,
    value,
    samples: [value],
  });
  const printed = table(
    [figure("a", 10, "ms"), figure("b", 255, "ms"), figure("a", 80, "runs/s"), figure("b", 8, "runs/s")],
    ["a", "b"],
  );
  expect(printed).toMatch(/10\.0 ms +255 ms +25\.5x/);
  expect(printed).toMatch(/80\.0 runs\/s +8\.00 runs\/s +10\.0x/);
});

test("of pairs the ratio is the middle one, whatever both of a pair were hit by", () => {
  const figure = (side: string, samples: readonly number[]) => ({
    measure: "m",
    unit: "MiB/s" as const,
    side,
    value: median(samples),
    samples,
  });
  expect(ratioOf(figure("a", [200, 20, 2]), figure("b", [100, 10, 4]))).toBe(2);
  expect(ratioOf(figure("a", [200, 20, 2]), figure("b", [40]))).toBe(0.5);
});

test("no further rounds are begun when the time is over, but there is a sample", async () => {
  const [figure] = await inTurns("m", "ms", [{ name: "a" }], 50, async () => 7, true, -1);
  expect(figure?.samples).toEqual([7]);
});

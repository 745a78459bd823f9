import { expect, test } from "bun:test";
import { Leases } from "./leases.ts";

test("a key is held until its last holder lets go", () => {
  const leases = new Leases();
  const [one, two] = [leases.acquire(), leases.acquire()];
  one.hold("a");
  one.hold("a");
  two.hold("a");
  two.hold("b");
  one.release();
  one.release();
  expect([leases.isHeld("a"), leases.isHeld("b")]).toEqual([true, true]);
  two.release();
  expect([leases.isHeld("a"), leases.size]).toEqual([false, 0]);
});

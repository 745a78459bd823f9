import { expect, test } from "bun:test";
import { clearQdisc, setTokenBucket } from "./qdisc.ts";

const header = (handle: string): string => `0000000007000000${handle}ffffffff00000000`;

test("tc qdisc replace dev 7 root handle 1: tbf rate 1250kbps burst 65536 limit 128000", () => {
  const bucket = { bytesPerSecond: 1_250_000, burstBytes: 65_536, queueBytes: 128_000 };
  const { type, flags, payload } = setTokenBucket(7, bucket);
  expect({ type, flags }).toEqual({ type: 36, flags: 0x500 });
  expect(payload.toHex()).toBe(
    `${header("00000100")}0800010074626600` +
      "34000280" +
      `280001000001000000000000d0121300${"00".repeat(12)}00f401000000000000000000` +
      "0800060000000100",
  );
});

test("rates beyond 32 bits have an attribute of their own", () => {
  const bucket = { bytesPerSecond: 12_500_000_000, burstBytes: 65_536, queueBytes: 128_000 };
  expect(setTokenBucket(7, bucket).payload.toHex()).toEndWith("0c00040000dd0ee902000000");
});

test("tc qdisc delete dev 7 root", () => {
  expect(clearQdisc(7).payload.toHex()).toBe(header("00000000"));
});

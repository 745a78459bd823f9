import { expect, test } from "bun:test";
import { parseNetworkRate } from "./network-rate.ts";

test.each([
  ["10mbit", 10e6, 65536],
  ["1.5Gbit", 1.5e9, 1_875_000],
  ["1gbit/256k", 1e9, 262_144],
  ["64000bit/4096", 64_000, 4096],
])("%s", (text, bitsPerSecond, burstBytes) => {
  expect(parseNetworkRate(text)).toEqual({ bitsPerSecond, burstBytes });
});

test.each(["", "10", "10mb", "-1mbit", "1kbit", "200gbit", "1mbit/", "1mbit/1k", "1mbit/1g", "mbit", "1e3bit"])(
  "%p is refused",
  (text) => {
    expect(() => parseNetworkRate(text)).toThrow(/invalid (network rate|size|suffix)/);
  },
);

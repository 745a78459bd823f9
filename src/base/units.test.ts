import { expect, test } from "bun:test";

import { binarySize, decimalSize, formatDuration, humanDuration, parseBytes, parseDuration } from "./units.ts";

test.each([
  ["0", 0],
  ["32", 32],
  ["32b", 32],
  ["32B", 32],
  ["32k", 32 * 1024],
  ["32K", 32 * 1024],
  ["32kb", 32 * 1024],
  ["32Kb", 32 * 1024],
  ["32KiB", 32 * 1024],
  ["32Mb", 32 * 1024 ** 2],
  ["32Gb", 32 * 1024 ** 3],
  ["32Tb", 32 * 1024 ** 4],
  ["7Pb", 7 * 1024 ** 5],
  ["32.5kB", 32.5 * 1024],
  ["32.5 kB", 32.5 * 1024],
  [".3kB", 307],
  ["0.3 kB", 307],
  ["+5m", 5 * 1024 ** 2],
] as const)("%p is %p bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ["", "invalid size: ''"],
  ["hello", "invalid size: 'hello'"],
  ["-32", "invalid size: '-32'"],
  [" 32 ", 'strconv.ParseFloat: parsing " 32": invalid syntax'],
  ["32 mm", "invalid suffix: 'mm'"],
  ["32m b", 'strconv.ParseFloat: parsing "32m": invalid syntax'],
  ["8Pb", "invalid size: '8Pb'"],
  ["32kbit", "invalid suffix: 'kbit'"],
  ["32bb", "invalid suffix: 'bb'"],
  ["1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'],
] as const)("%p is refused", (text, message) => {
  expect(() => parseBytes(text)).toThrow(message);
});

test("sizes for people", () => {
  expect(decimalSize(0)).toBe("0B");
  expect(decimalSize(1000)).toBe("1kB");
  expect(decimalSize(1024)).toBe("1.024kB");
  expect(decimalSize(4_172_345, 3)).toBe("4.17MB");
  expect(decimalSize(999_960, 3)).toBe("1e+03kB");
  expect(decimalSize(3.42 * 1000 ** 4)).toBe("3.42TB");
  expect(binarySize(1024)).toBe("1KiB");
  expect(binarySize(1024 ** 2 * 3.97712)).toBe("3.977MiB");
  expect(binarySize(1023)).toBe("1023B");
});

test.each([
  ["0", 0n],
  ["5s", 5_000_000_000n],
  ["-5s", -5_000_000_000n],
  ["+5s", 5_000_000_000n],
  ["1.0s", 1_000_000_000n],
  ["1.004s", 1_004_000_000n],
  ["100.00100s", 100_001_000_000n],
  ["5.s", 5_000_000_000n],
  [".5s", 500_000_000n],
  ["10ns", 10n],
  ["12µs", 12_000n],
  ["12μs", 12_000n],
  ["1h15m30.918s", 4_530_918_000_000n],
  ["-1.5h", -5_400_000_000_000n],
  ["0.3333333333333333333h", 1_200_000_000_000n - 1n],
  ["9223372036854775807ns", 9_223_372_036_854_775_807n],
] as const)("duration %p", (text, nanoseconds) => {
  expect(parseDuration(text)).toBe(nanoseconds);
});

test.each(["", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "9223372036854775808ns", "3000000h", " 1s"])(
  "duration %p is refused",
  (text) => expect(() => parseDuration(text)).toThrow("time: "),
);

test("durations print as Go prints them", () => {
  for (const text of [
    "0s",
    "1ns",
    "1.1µs",
    "2.2ms",
    "3.3s",
    "4m5.001s",
    "5h6m7.001s",
    "8m0.000000001s",
    "-1m0s",
    "2540400h10m10s",
  ]) {
    expect(formatDuration(parseDuration(text))).toBe(text);
  }
});

test("durations in Docker's words", () => {
  const hour = 3_600_000;
  const words = [
    0,
    1000,
    59_000,
    60_000,
    119_000,
    120_000,
    hour,
    2 * hour,
    47 * hour,
    48 * hour,
    24 * 14 * hour,
    24 * 60 * hour,
    24 * 365 * 2 * hour,
  ];
  expect(words.map(humanDuration)).toEqual([
    "Less than a second",
    "1 second",
    "59 seconds",
    "About a minute",
    "About a minute",
    "2 minutes",
    "About an hour",
    "2 hours",
    "47 hours",
    "2 days",
    "2 weeks",
    "2 months",
    "2 years",
  ]);
});

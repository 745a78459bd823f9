import { expect, test } from "bun:test";

import { countListed, parseMeminfo, parseOsRelease, readHostFacts } from "./host-facts.ts";

test("os-release values lose their quotes", () => {
  const text = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID='12'\nID=debian\n# note\nX="a \\"b\\" \\$c"\n`;
  expect(Object.fromEntries(parseOsRelease(text))).toEqual({
    PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)",
    VERSION_ID: "12",
    ID: "debian",
    X: 'a "b" $c',
  });
});

test("meminfo is in bytes", () => {
  expect(Object.fromEntries(parseMeminfo("MemTotal:       16 kB\nHugePages_Total:       2\n"))).toEqual({
    MemTotal: 16384,
    HugePages_Total: 2,
  });
});

test("this machine can be read", () => {
  const facts = readHostFacts();
  expect(facts.kernelVersion).toMatch(/^\d+\.\d+/);
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.memoryBytes).toBeGreaterThan(1 << 20);
  expect(["amd64", "arm64"]).toContain(facts.architecture);
});

test("numbers in a list of the kernel's", () => {
  expect(["0\n", "0-3\n", "0,2", ""].map(countListed)).toEqual([1, 4, 3, 1]);
});

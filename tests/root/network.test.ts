import { describe, expect, test } from "bun:test";

/**
 * Networks against the kernel. Everything happens in a scratch host: a network namespace of its own with its
 * own interfaces, addresses and rules, so that the machine's are neither seen nor touched and nothing can be left behind.
 */
const parts = [
  "scenarios",
  "endpoints",
  "parents",
  "ipv6",
  "rates",
  "published",
  "policies",
  "apart",
  "bridge-options",
  "connect",
];

/** In the guest, which is slow, those that ask most of a kernel, and of each family one that all kinds of rules are in. */
const guestParts: readonly (readonly [name: string, pattern: string])[] = [
  ["parents", "."],
  [
    "scenarios",
    "^(rules |a container (has|reaches)|published ports answer .*=1$|networks that people make are apart|options --icc=false .*=1$)",
  ],
  ["connect", "^(to 127|in other|are translated when)"],
  ["ipv6", "^(published ports answer .*=1$|gateway modes routed)"],
];

describe("networks in a scratch host", () => {
  const isGuest = process.env["BERTH_TEST_GUEST"] === "1";
  test.each(isGuest ? guestParts : parts.map((name): readonly [string, string] => [name, "."]))(
    "%s",
    (name, pattern) => {
      expect(process.getuid?.()).toBe(0);
      const scenarios = new URL(`./network/${name}.ts`, import.meta.url).pathname;
      const { exitCode } = Bun.spawnSync(
        [
          "unshare",
          "--net",
          "--mount",
          process.execPath,
          "test",
          "--timeout",
          "300000",
          "--test-name-pattern",
          pattern,
          scenarios,
        ],
        { env: { ...process.env, BERTH_SCRATCH_HOST: "1" }, stdio: ["ignore", "inherit", "inherit"] },
      );
      expect(exitCode).toBe(0);
    },
    900_000,
  );
});

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
];

/** In the guest, which is slow, those that ask most of a kernel. */
const guestParts = ["scenarios", "parents", "ipv6"];

describe("networks in a scratch host", () => {
  test.each(process.env["BERTH_TEST_GUEST"] === "1" ? guestParts : parts)(
    "%s",
    (name) => {
      expect(process.getuid?.()).toBe(0);
      const scenarios = new URL(`./network/${name}.ts`, import.meta.url).pathname;
      const { exitCode } = Bun.spawnSync(
        ["unshare", "--net", "--mount", process.execPath, "test", "--timeout", "60000", scenarios],
        { env: { ...process.env, BERTH_SCRATCH_HOST: "1" }, stdio: ["ignore", "inherit", "inherit"] },
      );
      expect(exitCode).toBe(0);
    },
    400_000,
  );
});

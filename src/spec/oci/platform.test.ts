import { describe, expect, test } from "bun:test";
import { choosePlatform, formatPlatform, parsePlatform, platformOfHost, platformRank } from "./platform.ts";

const host = platformOfHost("x64");

describe("parsePlatform", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["amd64", "linux/amd64"],
    ["linux", "linux/amd64"],
    ["arm64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm/7", "linux/arm/v7"],
    ["Linux/AMD64", "linux/amd64"],
    ["macos/arm64", "darwin/arm64"],
    ["i386", "linux/386"],
    ["linux/riscv64", "linux/riscv64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
  ])("%s is %s", (text, formatted) => {
    expect(formatPlatform(parsePlatform(text, host))).toBe(formatted);
  });

  test.each(["", "linux/", "a/b/c/d", "linux/*", "lin ux/amd64", "toaster"])("refuses %j", (text) => {
    expect(() => parsePlatform(text, host)).toThrow(/invalid argument$/);
  });
});

test("platformOfHost speaks Go's names", () => {
  expect(formatPlatform(platformOfHost("x64"))).toBe("linux/amd64");
  expect(formatPlatform(platformOfHost("arm64"))).toBe("linux/arm64");
  expect(formatPlatform(platformOfHost("arm"))).toBe("linux/arm/v7");
});

test("choosePlatform takes the best that runs", () => {
  const offer = (architecture: string, variant?: string) => ({
    name: `${architecture}${variant ?? ""}`,
    platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
  });
  const arms = [offer("arm", "v5"), offer("arm", "v7"), offer("arm", "v6")];
  const pick = (architecture: string, offers: readonly ReturnType<typeof offer>[], variant?: string) =>
    choosePlatform({ os: "linux", architecture, ...(variant === undefined ? {} : { variant }) }, offers)?.name;
  expect(pick("arm64", [...arms, offer("arm64", "v8")])).toBe("arm64v8");
  expect(pick("arm64", arms)).toBe("armv7");
  expect(pick("arm", arms, "v6")).toBe("armv6");
  expect(pick("amd64", [offer("386"), offer("amd64")])).toBe("amd64");
  expect(pick("amd64", [offer("386")])).toBe("386");
  expect(pick("amd64", [offer("amd64", "v3")])).toBeUndefined();
  expect(pick("amd64", [offer("amd64"), offer("amd64", "v3"), offer("amd64", "v2")], "v3")).toBe("amd64v3");
  expect(pick("amd64", [offer("unknown")])).toBeUndefined();
  expect(choosePlatform(host, [{}])).toBeUndefined();
});

test("platformRank minds the operating system", () => {
  expect(platformRank(host, { os: "windows", architecture: "amd64" })).toBeUndefined();
});

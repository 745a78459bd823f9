import { BerthError } from "#base/errors.ts";
import type { DescriptorPlatform } from "./image.ts";

/**
 * Platforms as `os[/arch[/variant]]`. Names are Go's GOOS/GOARCH (OCI image-spec `image-index.md`); aliases, defaults,
 * error sentences and the order of fallbacks are containerd's `platforms` package, which Docker uses.
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const KNOWN_OS = new Set([
  "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9",
  "solaris", "wasip1", "windows",
]); // prettier-ignore
const KNOWN_ARCH = new Set([
  "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le", "riscv64",
  "s390x", "wasm",
]); // prettier-ignore

/** Parse what a person writes after `--platform`. One part alone is an operating system or an architecture. */
export function parsePlatform(text: string, host: Platform): Platform {
  if (text.includes("*")) throw invalid(`"${text}": wildcards not yet supported`);
  const parts = text.split("/");
  for (const [at, part] of parts.entries()) {
    if (COMPONENT.test(part)) continue;
    const [what, rule] =
      at === 0
        ? [
            "OS component",
            `OSAndVersion specifier component must match "^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$"`,
          ]
        : ["component", 'platform specifier component must match "^[A-Za-z0-9_.-]+$"'];
    throw invalid(`${JSON.stringify(part)} is an invalid ${what} of ${JSON.stringify(text)}: ${rule}`);
  }
  const [first = "", second, third] = parts;
  if (parts.length > 3) throw invalid(`"${text}": cannot parse platform specifier`);
  if (second !== undefined) {
    const variant = third === undefined ? {} : { variant: third.toLowerCase() };
    return normalizePlatform({ os: first, architecture: second, ...variant });
  }
  const os = normalizeOs(first);
  if (KNOWN_OS.has(os)) return normalizePlatform({ ...host, os });
  const bare = normalizePlatform({ os: host.os, architecture: first });
  if (KNOWN_ARCH.has(bare.architecture)) return bare;
  throw invalid(`"${text}": unknown operating system or architecture`);
}

/** Spell aliases the one way: `x86_64` is amd64, `aarch64` and `arm64/v8` are arm64, `armhf` is arm/v7. */
export function normalizePlatform(platform: Platform): Platform {
  const os = normalizeOs(platform.os);
  const { architecture, variant } = normalizeArchitecture(platform.architecture, platform.variant);
  return variant === undefined || variant === "" ? { os, architecture } : { os, architecture, variant };
}

/** The platform of this process, from the names `os.arch()`/`process.arch` and `os.platform()` use. */
export function platformOfHost(arch: string, os = "linux"): Platform {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le", loong64: "loong64" };
  return normalizePlatform({ os, architecture: names[arch] ?? arch });
}

/** `linux/arm64`, `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined || platform.variant === "" ? base : `${base}/${platform.variant}`;
}

/**
 * What a machine of `wanted` can run, best first: itself, then lesser variants, then the 32-bit relative.
 * Rank 0 is the best; undefined does not run.
 */
export function platformRank(wanted: Platform, offered: DescriptorPlatform | Platform): number | undefined {
  const normal = normalizePlatform(offered);
  const candidates = runnable(normalizePlatform(wanted));
  const rank = candidates.findIndex(
    (p) => p.os === normal.os && p.architecture === normal.architecture && p.variant === normal.variant,
  );
  return rank < 0 ? undefined : rank;
}

/** Best of `offers` for `wanted`, the earlier one of equals; offers without a platform never match. */
export function choosePlatform<T extends { readonly platform?: DescriptorPlatform }>(
  wanted: Platform,
  offers: readonly T[],
): T | undefined {
  let best: { offer: T; rank: number } | undefined;
  for (const offer of offers) {
    if (offer.platform === undefined) continue;
    const rank = platformRank(wanted, offer.platform);
    if (rank !== undefined && (best === undefined || rank < best.rank)) best = { offer, rank };
  }
  return best?.offer;
}

function runnable(wanted: Platform): readonly Platform[] {
  const { os, architecture, variant } = wanted;
  const level = variant === undefined ? undefined : /^v([0-9]+)$/.exec(variant)?.[1];
  switch (architecture) {
    case "amd64": {
      const levels = descending(Number(level ?? 1), 2).map((n) => ({ os, architecture, variant: `v${n}` }));
      return [...levels, { os, architecture }, { os, architecture: "386" }];
    }
    case "arm64": {
      const own: Platform[] = variant === undefined ? [wanted] : [wanted, { os, architecture }];
      return [...own, ...descending(8, 5).map((n) => ({ os, architecture: "arm", variant: `v${n}` }))];
    }
    case "arm":
      return descending(Number(level ?? 7), 5).map((n) => ({ os, architecture, variant: `v${n}` }));
    default:
      return variant === undefined ? [wanted] : [wanted, { os, architecture }];
  }
}

function descending(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === "macos" ? "darwin" : lower;
}

function normalizeArchitecture(arch: string, variant: string | undefined): { architecture: string; variant?: string } {
  const architecture = arch.toLowerCase();
  const v = variant?.toLowerCase();
  switch (architecture) {
    case "i386":
      return { architecture: "386" };
    case "x86_64":
    case "x86-64":
    case "amd64":
      return v === undefined || v === "v1" ? { architecture: "amd64" } : { architecture: "amd64", variant: v };
    case "aarch64":
    case "arm64":
      return v === undefined || v === "8" || v === "v8"
        ? { architecture: "arm64" }
        : { architecture: "arm64", variant: v };
    case "armhf":
      return { architecture: "arm", variant: "v7" };
    case "armel":
      return { architecture: "arm", variant: "v6" };
    case "arm":
      return { architecture: "arm", variant: v === undefined ? "v7" : /^[0-9]/.test(v) ? `v${v}` : v };
    default:
      return v === undefined ? { architecture } : { architecture, variant: v };
  }
}

function invalid(message: string): BerthError {
  return new BerthError("invalid-parameter", `${message}: invalid argument`);
}

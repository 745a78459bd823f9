/**
 * Writes src/runtime/seccomp/syscall-numbers.ts from the kernel's own headers, as Debian packages them:
 *
 *   apt-get download linux-libc-dev-armhf-cross linux-libc-dev-arm64-cross; dpkg -x …
 *   bun tools/generate-syscall-tables.ts <folder with usr/arm-linux-gnueabihf and usr/aarch64-linux-gnu>
 *
 * x86 comes from /usr/include (linux-libc-dev). System calls newer than those headers have one number on every
 * architecture (the kernel's rule since 5.1, scripts/syscall.tbl) and stand in `newerCommon`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const newerCommon: Readonly<Record<string, number>> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
  listns: 470,
  rseq_slice_yield: 471,
};

interface Source {
  readonly constant: string;
  readonly includeDirs: readonly string[];
  readonly defines: readonly string[];
  readonly header: string;
  /** Numbers that no header has. */
  readonly extra: Readonly<Record<string, number>>;
}

function preprocess(source: Source, text: string, flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "syscalls-"));
  try {
    const file = join(folder, "in.c");
    writeFileSync(file, text);
    const undefine = [
      "-undef",
      "-nostdinc",
      ...source.defines.map((name) => `-D${name}`),
      ...source.includeDirs.map((dir) => `-I${dir}`),
    ];
    const run = spawnSync("cc", ["-E", ...flags, ...undefine, file], { encoding: "utf8", maxBuffer: 1 << 26 });
    if (run.status !== 0) throw new Error(`cc -E failed for ${source.constant}: ${run.stderr}`);
    return run.stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function numbersOf(source: Source): ReadonlyMap<string, number> {
  const include = `#include <${source.header}>\n`;
  const macros = preprocess(source, include, ["-dM"]).matchAll(/^#define (__(?:ARM_)?NR_(\w+)) /gmu);
  const wanted = [...macros].map(([, macro, name]) => ({ macro: macro ?? "", name: name ?? "" }));
  const expanded = preprocess(source, include + wanted.map(({ macro, name }) => `@ ${name} = ${macro}`).join("\n"), [
    "-P",
  ]);
  const found = new Map<string, number>(Object.entries({ ...newerCommon, ...source.extra }));
  for (const [, name, expression] of expanded.matchAll(/^@ (\w+) = (.+)$/gmu)) {
    const value = sum(expression ?? "");
    if (
      name !== undefined &&
      value !== undefined &&
      !["syscalls", "SYSCALL_BASE", "OABI_SYSCALL_BASE", "BASE", "SYSCALL_MASK", "arch_specific_syscall"].includes(name)
    )
      found.set(name, value);
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Value of `123`, `0x0f0000+1`, `(__X32 + 5)` with numbers filled in; undefined for anything else. */
function sum(expression: string): number | undefined {
  const terms = expression.replaceAll(/[()\s]/gu, "").split("+");
  const values = terms.map((term) => (/^(?:0x[0-9a-f]+|\d+)$/iu.test(term) ? Number(term) : Number.NaN));
  const total = values.reduce((a, b) => a + b, 0);
  return Number.isNaN(total) ? undefined : total;
}

const cross = process.argv[2];
if (cross === undefined) throw new Error("usage: generate-syscall-tables.ts <folder of the cross headers>");
const arm = join(cross, "usr/arm-linux-gnueabihf/include");
const arm64 = join(cross, "usr/aarch64-linux-gnu/include");
const x86 = ["/usr/include/x86_64-linux-gnu", "/usr/include"];
const sources: readonly Source[] = [
  {
    constant: "x86_64",
    includeDirs: x86,
    defines: ["__x86_64__"],
    header: "asm/unistd_64.h",
    extra: { uretprobe: 335, uprobe: 336 },
  },
  {
    constant: "x32",
    includeDirs: x86,
    defines: ["__x86_64__", "__ILP32__", "__X32_SYSCALL_BIT=0x40000000"],
    header: "asm/unistd_x32.h",
    extra: { uretprobe: 335, uprobe: 336 },
  },
  { constant: "i386", includeDirs: x86, defines: ["__i386__"], header: "asm/unistd_32.h", extra: {} },
  { constant: "aarch64", includeDirs: [arm64], defines: ["__aarch64__"], header: "asm/unistd.h", extra: {} },
  { constant: "arm", includeDirs: [arm], defines: ["__arm__", "__ARM_EABI__"], header: "asm/unistd.h", extra: {} },
];

const tables = sources.map((source) => {
  const numbers = numbersOf(source);
  const shift = source.constant === "x32" ? 0x40000000 : 0;
  const rows = [...numbers].map(
    ([name, number]) => `${name} ${String(number >= 0x40000000 ? number - shift : number)}`,
  );
  const lines: string[] = [];
  for (const row of rows) {
    const last = lines.at(-1);
    if (last === undefined || last.length + row.length + 1 > 112) lines.push(row);
    else lines[lines.length - 1] = `${last},${row}`;
  }
  return `export const ${source.constant}: string =\n${lines.map((line, i) => `  "${line}${i + 1 < lines.length ? "," : ""}"`).join(" +\n")};\n`;
});

const doc = `/**
 * Generated by tools/generate-syscall-tables.ts from the kernel's headers; do not edit. Linux system call numbers by name,
 * \`name number\` pairs joined by commas, one list an ABI. x32 numbers are without __X32_SYSCALL_BIT.
 */
`;
writeFileSync(join(import.meta.dirname, "../src/runtime/seccomp/syscall-numbers.ts"), doc + tables.join("\n"));

/**
 * `npm run oci-validation`: the public OCI runtime validation tests on dist/berth-runtime and, to compare, on Debian's
 * runc. Needs root, Go for the first run, and `npm run build`. Prints every failure with its reason and ends with the
 * names of the tests that runc passes and berth-runtime does not; there must be none but those of deliberate.ts.
 *
 *   npm run oci-validation -- [--only berth|runc] [--prepare] [TEST...]
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../lab/command.ts";
import { berthCommand, referenceDir, unmountBelow } from "../lab/engines.ts";
import { buildSuite, type Suite } from "./build-suite.ts";
import { deliberate } from "./deliberate.ts";
import { judge, type TapResult } from "./tap.ts";

interface Candidate {
  readonly name: string;
  readonly path: string;
}

async function runTest(suite: Suite, name: string, { path }: Candidate, scratch: string): Promise<TapResult> {
  const run = await command([suite.tests.get(name) ?? ""], {
    cwd: suite.directory,
    env: { RUNTIME: path, TMPDIR: scratch },
    timeoutMs: 180_000,
  }).catch((error: unknown) => ({ code: -1, stdout: "", stderr: String(error) }));
  return judge(run);
}

async function candidates(scratch: string, only: string | undefined): Promise<readonly Candidate[]> {
  const [program = ""] = berthCommand();
  const path = join(scratch, "berth-runtime");
  symlinkSync(program, path);
  const all = [
    { name: "berth", path },
    { name: "runc", path: join(await referenceDir(), "usr/sbin/runc") },
  ];
  return all.filter(({ name }) => only === undefined || name === only);
}

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--only");
  const only = at < 0 ? undefined : args[at + 1];
  const wanted = args.filter((word, index) => !word.startsWith("--") && (at < 0 || index !== at + 1));
  const suite = await buildSuite();
  if (args.includes("--prepare")) return 0;
  if (process.getuid?.() !== 0) throw new Error("the OCI validation tests need root");
  const scratch = mkdtempSync(join(tmpdir(), "berth-oci-validation-"));
  const verdicts = new Map<string, Map<string, TapResult>>();
  try {
    const runtimes = await candidates(scratch, only);
    for (const name of wanted.length > 0 ? wanted : suite.tests.keys()) {
      const row = new Map<string, TapResult>();
      verdicts.set(name, row);
      for (const runtime of runtimes) row.set(runtime.name, await runTest(suite, name, runtime, scratch));
      const words = [...row].map(([runtime, { verdict, ok }]) => `${runtime} ${verdict} ${String(ok)}`.padEnd(16));
      console.log(`${name.padEnd(34)} ${words.join(" ")}`);
      for (const [runtime, { failures }] of row)
        for (const failure of failures) console.log(`    ${runtime}: ${failure}`);
    }
  } finally {
    // runc leaves the mounts of containers that share the caller's mount namespace.
    await unmountBelow(scratch);
    rmSync(scratch, { recursive: true, force: true });
  }
  const count = (runtime: string, verdict: string): number =>
    [...verdicts.values()].filter((row) => row.get(runtime)?.verdict === verdict).length;
  for (const runtime of ["berth", "runc"])
    console.log(
      `${runtime}: ${count(runtime, "pass")} passed, ${count(runtime, "fail")} failed, ${count(runtime, "skip")} skipped`,
    );
  const worse = [...verdicts]
    .filter(([, row]) => row.get("runc")?.verdict === "pass" && row.get("berth")?.verdict === "fail")
    .map(([name]) => name);
  for (const name of worse) console.log(`runc passes, berth-runtime does not: ${name}: ${deliberate[name] ?? "NEW"}`);
  return worse.every((name) => Object.hasOwn(deliberate, name)) ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));

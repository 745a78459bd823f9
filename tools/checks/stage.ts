import { spawn } from "node:child_process";
import { projectDir } from "../lab/paths.ts";

export interface StageResult {
  readonly passed: number;
  readonly failed: number;
}

/** One thing that `npm run ok` or `npm test` does. */
export interface Stage {
  readonly name: string;
  readonly what: string;
  run(): Promise<StageResult>;
}

/** Counts of a stage that either holds or does not. */
export const held: StageResult = { passed: 1, failed: 0 };
export const broke: StageResult = { passed: 0, failed: 1 };

export interface StageLine extends StageResult {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Run `stages` in order, printing a heading and the time of each. A stage that throws counts as one failure. Goes on
 * after a failure unless the stage's name is in `essential`: what follows could not work then.
 */
export async function runStages(stages: readonly Stage[], essential: ReadonlySet<string>): Promise<StageLine[]> {
  const lines: StageLine[] = [];
  for (const stage of stages) {
    console.log(`\n== ${stage.name}: ${stage.what}`);
    const start = performance.now();
    let result: StageResult;
    try {
      result = await stage.run();
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error));
      result = broke;
    }
    const seconds = (performance.now() - start) / 1000;
    lines.push({ name: stage.name, seconds, ...result });
    console.log(`== ${stage.name}: ${result.passed} passed, ${result.failed} failed, ${seconds.toFixed(1)} s`);
    if (result.failed > 0 && essential.has(stage.name)) {
      console.error(`${stage.name} failed; what follows needs it.`);
      break;
    }
  }
  return lines;
}

/** Run a program with its output on ours; holds when its exit code is 0. */
export async function runCheck(argv: readonly string[]): Promise<StageResult> {
  const { code } = await passThrough(argv, () => {});
  return code === 0 ? held : broke;
}

/** For a test that says no other: bun's five seconds are soon over on a machine that is busy with something else. */
const TEST_TIMEOUT_MS = 180_000;

/**
 * Run `bun test` with `args`, its output on ours, and count by its own summary. A run that ends without one, or without
 * a single test, is a failure.
 */
export async function runBunTests(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<StageResult> {
  let text = "";
  const { code } = await passThrough(
    [process.execPath, "test", "--timeout", String(TEST_TIMEOUT_MS), ...args],
    (chunk) => (text += chunk),
    env,
  );
  const result = countsOf(text);
  if (result === undefined || result.passed + result.failed === 0) return broke;
  return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
}

/** The counts in the summary that `bun test` prints, undefined when there is none. */
export function countsOf(text: string): StageResult | undefined {
  const count = (word: string): number | undefined => {
    const found = [...text.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const passed = count("pass");
  const failed = count("fail");
  return passed === undefined || failed === undefined ? undefined : { passed, failed };
}

/** The counts in the last line `N passed, N failed` of `text`, undefined when there is none. */
function lastSum(text: string): StageResult | undefined {
  const sum = [...text.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  return sum === undefined ? undefined : { passed: Number(sum[1]), failed: Number(sum[2]) };
}

/**
 * What a program counted that printed `stdout` and ended with `end`, an exit code or a signal's name: its last line is the sum. One that was killed
 * before that line, or printed another's, has not told what it ran: a failure, and nothing passed.
 */
export function countedAtEnd(stdout: string, end: string): StageResult {
  const counts = lastSum(stdout.trimEnd().split("\n").at(-1) ?? "");
  if (counts === undefined || !/^\d+$/.test(end)) return broke;
  return end !== "0" && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Run a program, showing and handing on what it prints. */
function passThrough(
  argv: readonly string[],
  onText: (chunk: string) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number }> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("no program named");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: projectDir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (bytes: Buffer) => {
      process.stdout.write(bytes);
      onText(bytes.toString());
    });
    child.stderr.on("data", (bytes: Buffer) => {
      process.stderr.write(bytes);
      onText(bytes.toString());
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1 }));
  });
}

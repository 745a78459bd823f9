import { broke, type StageLine, type StageResult } from "./stage.ts";

/** Test files that one process runs, one after the other. */
export interface FileJob {
  readonly name: string;
  /** For `bun test`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It needs what a private machine has not: a way out of the machine. */
  readonly needsMachine?: boolean;
  /** It needs nothing of what is fetched, and may run while that goes on. */
  readonly early?: boolean;
  /** A program of the project that runs instead of `bun test`, and ends with its sum. */
  readonly program?: string;
  /** It takes long and one processor alone: it runs on the lane that is one more than there are processors. */
  readonly beside?: boolean;
}

export interface JobStage {
  readonly name: string;
  readonly what: string;
  /** The longest first, so that no lane ends long after the others. */
  readonly jobs: readonly FileJob[];
}

/** Where jobs run, one at a time: the machine itself, once, or private machines, one of them for what is beside, then all. */
export type Lane = "machine" | "private" | "beside";

export interface JobOutcome extends StageResult {
  /** All that was printed. */
  readonly text: string;
}

export interface JobRunner {
  readonly lanes: readonly Lane[];
  run(job: FileJob, lane: Lane): Promise<JobOutcome>;
  print(text: string): void;
  /** Milliseconds. */
  now(): number;
}

interface RunningStage {
  readonly stage: JobStage;
  readonly waiting: FileJob[];
  left: number;
  beganAt: number | undefined;
  line: StageLine;
  readonly failures: string[];
}

/** Of what failed, the lines that the end repeats. */
const REPEATED_LINES = 200;

/**
 * Runs the jobs of all `stages` on all lanes at once, stage by stage; a lane that finds nothing for it in one stage goes on with
 * the next. What a job prints is shown when it has ended, in one piece, and again at the end where something failed, for the
 * end is what people read. A job that throws counts as one failure. Until it is known that all is `fetched`, and when it is
 * not, only what is early runs.
 */
export async function runJobStages(
  stages: readonly JobStage[],
  runner: JobRunner,
  fetched: Promise<boolean> = Promise.resolve(true),
): Promise<StageLine[]> {
  const running = stages.map((stage): RunningStage => {
    // A stage whose files are not found has passed nothing.
    const line = { name: stage.name, passed: 0, failed: stage.jobs.length === 0 ? 1 : 0, seconds: 0 };
    return { stage, waiting: [...stage.jobs], left: stage.jobs.length, beganAt: undefined, line, failures: [] };
  });
  let isFetched = false;
  const known = fetched.then((is) => void (isFetched = is));
  const may = (job: FileJob): boolean => isFetched || job.early === true;
  await Promise.all(
    runner.lanes.map(async (lane) => {
      await runLane(lane, running, runner, may);
      await known;
      await runLane(lane, running, runner, may);
    }),
  );
  const failures = running.flatMap((of) => of.failures);
  if (failures.length > 0) runner.print(`\nWhat failed:\n${failures.join("")}`);
  return running.map(({ line }) => line);
}

/** Until there is nothing for the lane that may run. */
async function runLane(
  lane: Lane,
  stages: readonly RunningStage[],
  runner: JobRunner,
  may: (job: FileJob) => boolean,
): Promise<void> {
  const hasBeside = runner.lanes.includes("beside");
  for (;;) {
    const next = take(lane, stages, (job) => (job.beside !== true || !hasBeside || lane === "beside") && may(job));
    if (next === undefined) return;
    await runOne(lane, next.of, next.job, runner);
  }
}

/** The machine's lane takes first what no other may. */
function take(
  lane: Lane,
  stages: readonly RunningStage[],
  isMine: (job: FileJob) => boolean,
): { readonly of: RunningStage; readonly job: FileJob } | undefined {
  for (const of of stages) {
    const needing = of.waiting.findIndex((job) => isMine(job) && job.needsMachine === true);
    const free = of.waiting.findIndex((job) => isMine(job) && job.needsMachine !== true);
    const at = lane === "machine" && needing >= 0 ? needing : free;
    const [job] = at < 0 ? [] : of.waiting.splice(at, 1);
    if (job !== undefined) return { of, job };
  }
  return undefined;
}

/** One failure, with its reason for text. */
export function brokenBy(error: unknown): JobOutcome {
  return { ...broke, text: `${error instanceof Error ? error.message : String(error)}\n` };
}

async function runOne(lane: Lane, of: RunningStage, job: FileJob, runner: JobRunner): Promise<void> {
  const { stage } = of;
  const began = runner.now();
  if (of.beganAt === undefined) runner.print(`\n== ${stage.name}: ${stage.what}\n`);
  of.beganAt ??= began;
  const outcome = await runner.run(job, lane).catch(brokenBy);
  const { passed, failed, text } = outcome;
  const seconds = (runner.now() - of.beganAt) / 1000;
  of.line = { name: stage.name, passed: of.line.passed + passed, failed: of.line.failed + failed, seconds };
  const took = ((runner.now() - began) / 1000).toFixed(1);
  const place = lane === "machine" ? "" : ", on a private machine";
  const title = `\n-- ${stage.name}: ${job.name}: ${passed} passed, ${failed} failed, ${took} s${place}\n`;
  runner.print(`${title}${text}`);
  if (failed > 0) of.failures.push(`${title}${withoutPasses(text)}`);
  if (--of.left > 0) return;
  runner.print(`== ${stage.name}: ${of.line.passed} passed, ${of.line.failed} failed, ${seconds.toFixed(1)} s\n`);
}

function withoutPasses(text: string): string {
  const lines = text.split("\n").filter((line) => !line.startsWith("(pass) "));
  return lines.slice(-REPEATED_LINES).join("\n");
}

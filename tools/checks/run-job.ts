import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { mustRun } from "../lab/command.ts";
import { projectDir } from "../lab/paths.ts";
import { canDivideMachine, makePrivateMachine } from "../lab/private-machine.ts";
import { brokenBy, type FileJob, type JobOutcome, type JobRunner, type Lane } from "./file-jobs.ts";
import { countedAtEnd } from "./stage.ts";

/** No job takes a third of it, on a machine that does much else. */
const JOB_TIMEOUT_MS = 45 * 60_000;

/**
 * Runs jobs as processes of their own: on the machine itself and, when it has the processors and can be divided, on private
 * machines beside it, one more than there are processors, for jobs wait much of their time. What a job is when this process is interrupted ends, and none begins after it.
 */
export async function processRunner(): Promise<JobRunner> {
  const kills = new Set<() => void>();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      for (const kill of kills) kill();
    });
  }
  const more = (await privateMachinesWork()) ? Math.min(availableParallelism() - 1, 3) : 0;
  return {
    lanes: [
      "machine",
      ...Array.from({ length: more }, (): Lane => "private"),
      ...(more > 0 ? (["beside"] as const) : []),
    ],
    async run(job, lane) {
      if (isInterrupted) throw new Error("interrupted");
      if (lane === "machine") return runProcess(job, [], kills);
      const machine = makePrivateMachine();
      const outcome = await runProcess(job, machine.enter, kills).catch(brokenBy);
      // A machine that cannot be taken down is a failure beside what the job found.
      return machine.close().then(
        () => outcome,
        (error: unknown) => ({
          passed: outcome.passed,
          failed: outcome.failed + 1,
          text: `${outcome.text}${brokenBy(error).text}`,
        }),
      );
    },
    print: (text) => void process.stdout.write(text),
    now: () => performance.now(),
  };
}

/** Not where this process may not make what they are of: everything runs on the machine itself then, one after the other. */
async function privateMachinesWork(): Promise<boolean> {
  if (!canDivideMachine()) return false;
  try {
    const machine = makePrivateMachine();
    try {
      await mustRun([...machine.enter, "true"]);
    } finally {
      await machine.close();
    }
    return true;
  } catch (error) {
    console.error(`One test file after the other, for there can be no private machines: ${String(error)}`);
    return false;
  }
}

/** Runs `job` behind the words `enter`, to its end or that of its time; `kills` has meanwhile what ends it before. */
export async function runProcess(job: FileJob, enter: readonly string[], kills: Set<() => void>): Promise<JobOutcome> {
  const argv = [...enter, process.execPath, job.program ?? "tools/checks/job.ts", ...job.args];
  const child = spawn(argv[0] ?? "", argv.slice(1), {
    cwd: projectDir,
    env: { ...process.env, ...job.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, which can be killed whole.
    detached: true,
  });
  let text = "";
  // The sum comes on it, and which of two pipes is read first is nobody's promise.
  let stdout = "";
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The whole group has ended.
    }
    // What left the group may hold them for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const late = setTimeout(() => {
    text += `\n${job.name}: not done after ${JOB_TIMEOUT_MS / 60_000} minutes, killed\n`;
    kill();
  }, JOB_TIMEOUT_MS);
  kills.add(kill);
  try {
    const end = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(signal ?? String(code)));
    });
    return { ...countedAtEnd(stdout, end), text };
  } finally {
    clearTimeout(late);
    kills.delete(kill);
  }
}

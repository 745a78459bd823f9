import { within } from "#base/async.ts";
import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import type { AttachStream, BegunLaunch, ShimLauncher, SupervisedProcess } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { execStartPrefix, exitCannotInvoke, exitUnknownStart, startFailure } from "../container/start-failure.ts";
import type { EnginePaths, Events, ExecRow, Files, RuntimePlanner } from "../ports.ts";
import { processError, stepFailureOf } from "../process-error.ts";
import { execText, refuseUnlessRunning } from "./create.ts";
import type { ExecRegistry } from "./exec.ts";

export interface ExecStartDeps {
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly events: Events;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly snapshots: Snapshotter;
  readonly planner: RuntimePlanner;
  readonly launcher: ShimLauncher;
  readonly log: Log;
}

export interface ExecStartRequest {
  readonly detach: boolean;
  readonly consoleSize: { readonly rows: number; readonly columns: number } | undefined;
}

/** What is known before the process is made, so that a face can answer its head first. */
export interface PreparedExec {
  readonly terminal: boolean;
  readonly input: boolean;
  readonly detachKeys: string;
  /**
   * Make the process. Resolves with its stream, or undefined when detached. Rejects in Docker's words; the exec has its
   * exit code (126, 127) then.
   */
  run(): Promise<AttachStream | undefined>;
}

/** `POST /exec/{id}/start`. `conflict` when it ran already or the container does not run. */
export function startExec(deps: ExecStartDeps) {
  return (id: string, request: ExecStartRequest): PreparedExec => {
    const row = deps.execs.find(id);
    const container = deps.registry.find(row.containerId);
    if (row.status.state === "running") throw new BerthError("conflict", `exec command ${id} is already running`);
    if (row.status.state === "exited" || deps.execs.process(id) !== undefined) {
      throw new BerthError("conflict", `exec command ${id} has already run`);
    }
    refuseUnlessRunning(container);
    return {
      terminal: row.spec.Tty,
      input: row.spec.AttachStdin,
      detachKeys: row.spec.DetachKeys,
      run: () => run(deps, row, container, request),
    };
  };
}

async function run(
  deps: ExecStartDeps,
  row: ExecRow,
  container: Container,
  request: ExecStartRequest,
): Promise<AttachStream | undefined> {
  const command = execText(row.spec.Cmd);
  try {
    const { process, stream } = await launch(deps, row, container, request);
    deps.execs.setStatus(row.id, { state: "running", pid: process.pid });
    publishContainerEvent(deps.events, `exec_start: ${command}`, container, { execID: row.id });
    watchExec(deps, row, process);
    return stream;
  } catch (error) {
    const { exitCode, error: failure } = startFailure(error, stepFailureOf(error) === undefined ? "" : execStartPrefix);
    // docker-compat: an exec has no code of its own for other failures.
    deps.execs.setStatus(row.id, {
      state: "exited",
      exitCode: exitCode === exitUnknownStart ? exitCannotInvoke : exitCode,
    });
    deps.execs.release(row.id);
    await deps.files.removeTree(deps.paths.execRunDir(row.id));
    throw failure;
  }
}

async function launch(
  deps: ExecStartDeps,
  row: ExecRow,
  container: Container,
  request: ExecStartRequest,
): Promise<{ readonly process: SupervisedProcess; readonly stream: AttachStream | undefined }> {
  const dir = deps.paths.execRunDir(row.id);
  await deps.files.makeDirectory(dir, 0o700);
  const begun = deps.launcher.begin({ id: row.id, dir });
  try {
    return await launchBegun(deps, row, container, request, begun);
  } finally {
    begun.abandon();
  }
}

async function launchBegun(
  deps: ExecStartDeps,
  row: ExecRow,
  container: Container,
  request: ExecStartRequest,
  begun: BegunLaunch,
): Promise<{ readonly process: SupervisedProcess; readonly stream: AttachStream | undefined }> {
  const { spec } = row;
  const init = container.process;
  let plan: Plan | undefined;
  try {
    const root = await deps.snapshots.mount(container.id);
    const compiled = await deps.planner.exec({
      container: container.spec,
      pid: init?.pid ?? 0,
      startTicks: init?.startTicks ?? 0n,
      root,
      exec: spec,
    });
    ({ plan } = compiled);
    const size = request.consoleSize ?? consoleSize(spec.ConsoleSize);
    const process = await begun.launch({
      id: row.id,
      dir: deps.paths.execRunDir(row.id),
      plan: compiled.plan,
      terminal: spec.Tty,
      ...(size === undefined ? {} : { consoleSize: size }),
      stdin: spec.AttachStdin ? "once" : "closed",
      log: undefined,
      oomEventsPath: undefined,
    });
    deps.execs.hold(row.id, process);
    const streams = { stdin: spec.AttachStdin, stdout: spec.AttachStdout, stderr: spec.AttachStderr };
    const stream = request.detach ? undefined : await process.attach(streams);
    await process.go();
    return { process, stream };
  } catch (error) {
    if (!isOfCommand(error, plan) && (await hasEnded(container, init))) {
      throw new BerthError("conflict", `container ${container.id} is not running`, { cause: error });
    }
    throw plan === undefined ? error : processError(error, plan, (spec.Cmd ?? [])[0] ?? "");
  }
}

const EPIPE = 32;

/** The kernel refused the command itself, which says nothing about the container. */
function isOfCommand(error: unknown, plan: Plan | undefined): boolean {
  const failure = stepFailureOf(error);
  return failure !== undefined && failure.step === plan?.steps.length && failure.errno !== EPIPE;
}

/**
 * An exec that meets its container's end fails anywhere: namespaces and cgroup are gone, or its process is killed with
 * the others. The end itself may be seen a moment later.
 */
async function hasEnded(container: Container, init: SupervisedProcess | undefined): Promise<boolean> {
  if (init === undefined || container.process !== init || container.status.state !== "running") return true;
  return within(
    init.exited().then(
      () => true,
      () => true,
    ),
    250,
    false,
  );
}

export function consoleSize(
  pair: readonly [number, number] | null,
): { readonly rows: number; readonly columns: number } | undefined {
  return pair === null || pair[0] === 0 || pair[1] === 0 ? undefined : { rows: pair[0], columns: pair[1] };
}

/** Note the exit code when the process of a running exec ends. */
export function watchExec(
  deps: Pick<ExecStartDeps, "execs" | "registry" | "events" | "files" | "paths" | "log">,
  row: Pick<ExecRow, "id" | "containerId">,
  process: SupervisedProcess,
): void {
  process.exited().then(
    async ({ exitCode }) => {
      deps.execs.setStatus(row.id, { state: "exited", exitCode });
      deps.execs.release(row.id);
      const container = deps.registry.lookup(row.containerId);
      if (container !== undefined) {
        publishContainerEvent(deps.events, "exec_die", container, { execID: row.id, exitCode: String(exitCode) });
      }
      await deps.files.removeTree(deps.paths.execRunDir(row.id));
    },
    (error: unknown) => deps.log.error("lost sight of an exec's process", { exec: row.id, error: messageOf(error) }),
  );
}

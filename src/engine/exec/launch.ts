import { BerthError } from "#base/errors.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import type { AttachStream, BegunLaunch, ShimLauncher, SupervisedProcess } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { NetworkService } from "#network/types.ts";
import { linkedStart } from "../container/network/links.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Container } from "../container/container.ts";
import type { EnginePaths, Files, ProcessTable } from "../ports.ts";
import type { RuntimePlanner } from "../planner-ports.ts";
import { processError, stepFailureOf } from "#runtime/process-error.ts";

export interface ExecLaunchDeps {
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly snapshots: Snapshotter;
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly planner: RuntimePlanner;
  readonly launcher: ShimLauncher;
  readonly processes: Pick<ProcessTable, "isEnding">;
}

export interface ExecLaunch {
  readonly id: string;
  readonly container: Container;
  readonly config: ExecConfig;
  readonly size: { readonly rows: number; readonly columns: number } | undefined;
  readonly attach: boolean;
  /** Called as soon as there is a process, before it runs the command. */
  readonly onProcess: (process: SupervisedProcess) => void;
}

/**
 * Make an exec's process, up to and including its execve. Its run directory is the caller's to remove. `conflict` in
 * Docker's words when the container ends meanwhile; otherwise rejects with what {@link processError} makes of it.
 */
export async function launchExec(deps: ExecLaunchDeps, request: ExecLaunch): Promise<LaunchedExec> {
  const { id } = request;
  const dir = deps.paths.execRunDir(id);
  await deps.files.makeDirectory(dir, 0o700);
  const begun = deps.launcher.begin({ id, dir });
  try {
    return await launchBegun(deps, request, begun);
  } finally {
    await begun.abandon();
  }
}

export interface LaunchedExec {
  readonly process: SupervisedProcess;
  readonly stream: AttachStream | undefined;
}

async function launchBegun(
  deps: ExecLaunchDeps,
  { id, container, config, size, attach, onProcess }: ExecLaunch,
  begun: BegunLaunch,
): Promise<LaunchedExec> {
  const init = container.process;
  let plan: Plan | undefined;
  try {
    const root = await deps.snapshots.mount(container.id);
    const compiled = await deps.planner.exec({
      container: container.spec,
      dir: deps.paths.execRunDir(id),
      pid: init?.pid ?? 0,
      startTicks: init?.startTicks ?? 0n,
      root,
      linkVariables: (await linkedStart(deps, container)).variables,
      exec: config,
    });
    ({ plan } = compiled);
    const streams = { stdin: config.AttachStdin, stdout: config.AttachStdout, stderr: config.AttachStderr };
    let stream: AttachStream | undefined;
    // A terminal takes no input before the process is ready, and a foreign runtime's own goes by another command.
    const goesAhead = !config.Tty && compiled.adopt === undefined;
    const attachTo = async (process: SupervisedProcess): Promise<void> => {
      if (goesAhead) onProcess(process);
      if (attach) stream = await process.attach(streams);
    };
    const process = await begun.launch({
      id,
      dir: deps.paths.execRunDir(id),
      plan: compiled.plan,
      ...(compiled.adopt === undefined ? {} : { adopt: compiled.adopt }),
      terminal: config.Tty,
      ...(size === undefined ? {} : { consoleSize: size }),
      stdin: config.AttachStdin ? "once" : "closed",
      log: undefined,
      oomEventsPath: undefined,
      ...(config.Tty ? {} : { onMonitor: attachTo }),
      ...(goesAhead ? { goesAhead } : {}),
    });
    if (!goesAhead) onProcess(process);
    if (config.Tty) await attachTo(process);
    await process.go();
    return { process, stream };
  } catch (error) {
    if (!isOfCommand(error, plan) && hasEnded(deps, container, init)) {
      throw new BerthError("conflict", `container ${container.id} is not running`, { cause: error });
    }
    throw plan === undefined ? error : processError(error, plan, (config.Cmd ?? [])[0] ?? "");
  }
}

/** The kernel refused the command itself, which says nothing about the container. */
function isOfCommand(error: unknown, plan: Plan | undefined): boolean {
  return plan !== undefined && stepFailureOf(error)?.step === plan.steps.length;
}

/**
 * An exec that meets its container's end fails anywhere: namespaces and cgroup are gone, or its process is killed with
 * the others. The kernel marks init before all that, while its monitor may tell of the end much later.
 */
function hasEnded(
  { processes }: Pick<ExecLaunchDeps, "processes">,
  container: Container,
  init: SupervisedProcess | undefined,
): boolean {
  if (init === undefined || container.process !== init || container.status.state !== "running") return true;
  return processes.isEnding(init.pid, init.startTicks);
}

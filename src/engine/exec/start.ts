import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { AttachStream, SupervisedProcess } from "#runtime/types.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { unseenExitCode } from "../container/life/settle-exit.ts";
import { execStartPrefix, exitCannotInvoke, exitUnknownStart, startFailure } from "../container/life/start-failure.ts";
import type { Events, ExecRow } from "../ports.ts";
import { execText, refuseUnlessRunning } from "./create.ts";
import type { ExecRegistry } from "./exec.ts";
import { launchExec, type ExecLaunchDeps } from "./launch.ts";

export interface ExecStartDeps extends ExecLaunchDeps {
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly events: Events;
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
  /** Make the process. Rejects in Docker's words; the exec has its exit code (126, 127) then. */
  run(): Promise<RunningExec>;
  /** undefined until it has ended, or when it went with its container. */
  exitCode(): number | undefined;
  /** The client has typed the detach keys. */
  detached(): void;
}

export interface RunningExec {
  /** undefined when detached. */
  readonly stream: AttachStream | undefined;
  /** Resolves when it has ended and its exit code is noted; rejects when nobody will know it. */
  readonly ended: Promise<void>;
}

/** `POST /exec/{id}/start`. `conflict` when it ran already or the container does not run. */
export function startExec(deps: ExecStartDeps) {
  return (id: string, request: ExecStartRequest): PreparedExec => {
    const row = deps.execs.find(id);
    const container = deps.registry.find(row.containerId);
    if (row.status.state === "exited") throw new BerthError("conflict", `exec command ${id} has already run`);
    if (row.status.state === "running" || deps.execs.hasBegun(id))
      throw new BerthError("conflict", `exec command ${id} is already running`);
    refuseUnlessRunning(container);
    deps.execs.begin(id);
    return {
      terminal: row.spec.Tty,
      input: row.spec.AttachStdin,
      detachKeys: row.spec.DetachKeys,
      run: () => run(deps, row, container, request),
      exitCode: () => deps.execs.exitCode(row.id),
      detached: () => publishContainerEvent(deps.events, "exec_detach", container, { execID: row.id }),
    };
  };
}

async function run(
  deps: ExecStartDeps,
  row: ExecRow,
  container: Container,
  request: ExecStartRequest,
): Promise<RunningExec> {
  const command = execText(row.spec.Cmd);
  try {
    const { process, stream } = await launchExec(deps, {
      id: row.id,
      container,
      config: row.spec,
      size: request.consoleSize ?? consoleSize(row.spec.ConsoleSize),
      attach: !request.detach,
      onProcess: (made) => deps.execs.hold(row.id, made),
    });
    deps.execs.setStatus(row.id, { state: "running", pid: process.pid });
    publishContainerEvent(deps.events, `exec_start: ${command}`, container, { execID: row.id });
    return { stream, ended: watchExec(deps, row, process) };
  } catch (error) {
    const { exitCode, error: failure } = startFailure(error, execStartPrefix(error));
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

export function consoleSize(
  pair: readonly [number, number] | null,
): { readonly rows: number; readonly columns: number } | undefined {
  return pair === null || pair[0] === 0 || pair[1] === 0 ? undefined : { rows: pair[0], columns: pair[1] };
}

/** Note the exit code when the process of a running exec ends: resolves then. Nobody has to hear that it rejects. */
export function watchExec(
  deps: Pick<ExecStartDeps, "execs" | "registry" | "events" | "files" | "paths" | "log">,
  row: Pick<ExecRow, "id" | "containerId">,
  process: SupervisedProcess,
): Promise<void> {
  const note = (exitCode: number): void => {
    deps.execs.release(row.id);
    deps.execs.setStatus(row.id, { state: "exited", exitCode });
    const container = deps.registry.lookup(row.containerId);
    if (container !== undefined) {
      publishContainerEvent(deps.events, "exec_die", container, { execID: row.id, exitCode: String(exitCode) });
    }
  };
  const noted = process.exited().then(
    ({ exitCode }) => note(exitCode),
    (error: unknown) => {
      note(unseenExitCode);
      throw error;
    },
  );
  noted.then(
    async () => {
      // Its stream's end goes to the client first.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await deps.files.removeTree(deps.paths.execRunDir(row.id));
    },
    (error: unknown) => deps.log.error("lost sight of an exec's process", { exec: row.id, error: messageOf(error) }),
  );
  return noted;
}

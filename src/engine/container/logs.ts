import { BerthError } from "#base/errors.ts";
import type { LogReader, LogRecord } from "#logs/types.ts";
import type { EnginePaths } from "../ports.ts";
import { nextExit } from "./kill.ts";
import type { ContainerRegistry } from "./registry.ts";

export interface LogsRequest {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly tail: number | undefined;
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly signal: AbortSignal;
}

export interface ContainerLogs {
  readonly terminal: boolean;
  /** The labels and environment that `--details` shows. */
  readonly details: Readonly<Record<string, string>>;
  readonly records: AsyncIterable<LogRecord>;
}

/**
 * `GET /containers/{id}/logs`. Following ends with the container's run, after its last record. `invalid-parameter` when
 * no stream was chosen or the container keeps no log.
 */
export function containerLogs(deps: { readonly registry: ContainerRegistry; readonly logs: LogReader; readonly paths: EnginePaths }) {
  return (reference: string, request: LogsRequest): ContainerLogs => {
    const container = deps.registry.find(reference);
    if (!request.stdout && !request.stderr) {
      throw new BerthError("invalid-parameter", "Bad parameters: you must choose at least one stream");
    }
    const { LogConfig } = container.spec.hostConfig;
    if (LogConfig.Type === "none") {
      throw new BerthError("not-implemented", "configured logging driver does not support reading");
    }
    const running = container.process !== undefined;
    const exit = nextExit(container);
    const ended = running ? exit.promise : Promise.resolve();
    return {
      terminal: container.spec.config.Tty,
      details: detailsOf(LogConfig.Config ?? {}, container.spec.config.Labels ?? {}, container.spec.config.Env ?? []),
      records: finallyDo(
        deps.logs.read({ ...request, follow: request.follow && running, path: deps.paths.containerLog(container.id), ended }),
        exit.cancel,
      ),
    };
  };
}

/** What the log options `labels` and `env` name, as `docker logs --details` prints it. */
function detailsOf(
  options: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
  env: readonly string[],
): Readonly<Record<string, string>> {
  const details: Record<string, string> = {};
  for (const name of (options["labels"] ?? "").split(",")) {
    if (name !== "" && labels[name] !== undefined) details[name] = labels[name];
  }
  const variables = Object.fromEntries(env.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
  for (const name of (options["env"] ?? "").split(",")) {
    if (name !== "" && variables[name] !== undefined) details[name] = variables[name];
  }
  return details;
}

async function* finallyDo<T>(source: AsyncIterable<T>, last: () => void): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    last();
  }
}

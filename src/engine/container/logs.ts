import { BerthError } from "#base/errors.ts";
import type { LogReader } from "#logs/types.ts";
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
  readonly timestamps: boolean;
  /** The labels and variables that the log options name go before each line. */
  readonly details: boolean;
  readonly signal: AbortSignal;
}

export interface ContainerLogs {
  readonly terminal: boolean;
  /** Framed without a terminal. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * `GET /containers/{id}/logs`. Following ends with the container's run, after its last record. `invalid-parameter` when
 * no stream was chosen or the container keeps no log.
 */
export function containerLogs(deps: {
  readonly registry: ContainerRegistry;
  readonly logs: LogReader;
  readonly paths: EnginePaths;
}) {
  return (reference: string, request: LogsRequest): ContainerLogs => {
    const container = deps.registry.find(reference);
    const { LogConfig } = container.spec.hostConfig;
    if (LogConfig.Type === "none") {
      throw new BerthError("not-implemented", "configured logging driver does not support reading");
    }
    const running = container.process !== undefined;
    const exit = nextExit(container);
    const ended = running ? exit.promise : Promise.resolve();
    const { Tty, Labels, Env } = container.spec.config;
    const attributes = request.details ? detailsText(detailsOf(LogConfig.Config ?? {}, Labels ?? {}, Env ?? [])) : "";
    const bytes = deps.logs.read({
      ...request,
      follow: request.follow && running,
      path: deps.paths.containerLog(container.id),
      ended,
      print: { framed: !Tty, timestamps: request.timestamps, attributes },
    });
    return { terminal: Tty, chunks: finallyDo(bytes, () => exit.cancel()) };
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
  const variables = Object.fromEntries(
    env.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]),
  );
  for (const name of (options["env"] ?? "").split(",")) {
    if (name !== "" && variables[name] !== undefined) details[name] = variables[name];
  }
  return details;
}

/** `key=value,… ` as the API prints it, both sides query-escaped. */
function detailsText(details: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(details).map(
    ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return `${pairs.join(",")} `;
}

async function* finallyDo<T>(source: AsyncIterable<T>, last: () => void): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    last();
  }
}

import { BerthError } from "#base/errors.ts";
import type { LogReader } from "#logs/types.ts";
import { detailsText, selectWithTag } from "#logs/attributes.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { EnginePaths } from "../../ports.ts";
import { nextExit } from "../life/kill.ts";
import { logOwner } from "./log-owner.ts";
import type { ContainerRegistry } from "../registry.ts";

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

/** docker-compat: what Docker says of a log that is kept nowhere. */
export const notReadable = "configured logging driver does not support reading";

/**
 * `GET /containers/{id}/logs`. Following ends with the container's run, after its last record. `invalid-parameter` when
 * no stream was chosen or the container keeps no log.
 */
export function containerLogs(deps: {
  readonly registry: ContainerRegistry;
  readonly logs: LogReader;
  readonly paths: EnginePaths;
  readonly machine: Pick<MachineFacts, "hostname">;
}) {
  return (reference: string, request: LogsRequest): ContainerLogs => {
    const container = deps.registry.find(reference);
    const { plan, path, subject } = logOwner(deps.paths, deps.machine.hostname, container);
    if (plan.store === undefined || !plan.readable) throw new BerthError("not-implemented", notReadable);
    const running = container.process !== undefined;
    const exit = nextExit(container);
    const ended = running ? exit.promise : Promise.resolve();
    const { Tty } = container.spec.config;
    const attributes = request.details ? detailsText(selectWithTag(plan.selection, subject)) : "";
    const bytes = deps.logs.read({
      ...request,
      follow: request.follow && running,
      path,
      format: plan.store.format,
      ended,
      print: { framed: !Tty, timestamps: request.timestamps, attributes },
    });
    return { terminal: Tty, chunks: finallyDo(bytes, () => exit.cancel()) };
  };
}

async function* finallyDo<T>(source: AsyncIterable<T>, last: () => void): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    last();
  }
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { LogReader, LogSnapshot } from "#logs/types.ts";
import type { AttachStream } from "#runtime/types.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { EnginePaths, Events } from "../../ports.ts";
import type { Container } from "../container.ts";
import { DeferredAttach } from "./deferred-attach.ts";
import { publishContainerEvent } from "../events.ts";
import { logOwner } from "./log-owner.ts";
import { notReadable } from "./logs.ts";
import type { ContainerRegistry } from "../registry.ts";

export interface AttachRequest {
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written before comes first, out of the log: with `stream`, each byte comes once. */
  readonly logs: boolean;
  /** As in AttachedStreams of runtime/types.ts. */
  readonly lingerMs?: number | undefined;
}

export interface Attached {
  /** Raw bytes; otherwise framed. */
  readonly terminal: boolean;
  /** The process reads what is written. */
  readonly input: boolean;
  /** The client's end of input is the process's; otherwise it only means that the client leaves. */
  readonly endsInput: boolean;
  readonly stream: AttachStream;
  /** To be told that the client left before the process ended. */
  left(): void;
}

export interface AttachDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly logs: LogReader;
  readonly paths: EnginePaths;
  readonly machine: Pick<MachineFacts, "hostname">;
}

/**
 * `POST /containers/{id}/attach`. To a container that does not run, the stream waits for its next start. `conflict` when
 * it is paused or between two runs.
 */
export function attachContainer(deps: AttachDeps) {
  return async (reference: string, request: AttachRequest): Promise<Attached> => {
    const container = deps.registry.find(reference);
    const { state } = container.status;
    if (state === "paused") {
      throw new BerthError("conflict", `container ${container.id} is paused, unpause the container before attach`);
    }
    if (state === "restarting") {
      throw new BerthError("conflict", `container ${container.id} is restarting, wait until the container is running`);
    }
    const terminal = container.spec.config.Tty;
    const input = request.stream && request.stdin && container.spec.config.OpenStdin;
    const past = request.logs ? pastOf(deps, container, request) : undefined;
    const stream = await (past === undefined ? liveStream(container, request) : withPast(container, request, past));
    publishContainerEvent(deps.events, "attach", container);
    const left = (): void => publishContainerEvent(deps.events, "detach", container);
    return { terminal, input, endsInput: container.spec.config.StdinOnce && !terminal, stream, left };
  };
}

/** `whileHeld` is called once, when what the log has and what the stream will give are all there is. */
async function liveStream(container: Container, request: AttachRequest, whileHeld?: () => void): Promise<AttachStream> {
  if (!request.stream) {
    whileHeld?.();
    return emptyStream();
  }
  const streams = {
    stdin: request.stdin && container.spec.config.OpenStdin,
    stdout: request.stdout,
    stderr: request.stderr,
    lingerMs: request.lingerMs,
  };
  if (container.process !== undefined) return container.process.attach(streams, whileHeld).catch(nothingOfEnded);
  whileHeld?.();
  const attach = new DeferredAttach(streams, (closed) => container.waitingAttaches.delete(closed));
  container.waitingAttaches.add(attach);
  return attach;
}

/** The process may have ended since it was looked at: nothing is to come. */
function nothingOfEnded(error: unknown): AttachStream {
  if (isBerthError(error, "conflict") || isBerthError(error, "unavailable")) return emptyStream();
  throw error;
}

function pastOf(deps: AttachDeps, container: Container, request: AttachRequest): () => LogSnapshot {
  const { plan, path } = logOwner(deps.paths, deps.machine.hostname, container);
  const { store } = plan;
  if (store === undefined || !plan.readable) throw new BerthError("not-implemented", notReadable);
  return () =>
    deps.logs.snapshot({
      path,
      format: store.format,
      stdout: request.stdout,
      stderr: request.stderr,
      tail: undefined,
      sinceNs: undefined,
      untilNs: undefined,
      print: { framed: !container.spec.config.Tty, timestamps: false, attributes: "" },
    });
}

async function withPast(container: Container, request: AttachRequest, take: () => LogSnapshot): Promise<AttachStream> {
  let taken: LogSnapshot | undefined;
  const snapshot = (): LogSnapshot => (taken ??= take());
  const live = await liveStream(container, request, snapshot).catch((error: unknown) => {
    taken?.close();
    throw error;
  });
  const past = snapshot();
  async function* both(): AsyncGenerator<Uint8Array> {
    yield* past.chunks;
    yield* live.readable;
  }
  return {
    readable: both(),
    write: (bytes) => live.write(bytes),
    endInput: () => live.endInput(),
    close: () => {
      past.close();
      live.close();
    },
  };
}

const emptyStream = (): AttachStream => ({
  readable: (async function* none(): AsyncGenerator<Uint8Array> {})(),
  write: () => Promise.resolve(),
  endInput() {},
  close() {},
});

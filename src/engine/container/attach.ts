import { BerthError } from "#base/errors.ts";
import type { LogReader } from "#logs/types.ts";
import type { AttachStream } from "#runtime/types.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { EnginePaths, Events } from "../ports.ts";
import type { Container } from "./container.ts";
import { DeferredAttach } from "./deferred-attach.ts";
import { publishContainerEvent } from "./events.ts";
import { logOwner } from "./log-owner.ts";
import { notReadable } from "./logs.ts";
import type { ContainerRegistry } from "./registry.ts";

export interface AttachRequest {
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written before comes first, out of the log. */
  readonly logs: boolean;
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
    const live = request.stream ? await liveStream(container, request) : emptyStream();
    publishContainerEvent(deps.events, "attach", container);
    const left = (): void => publishContainerEvent(deps.events, "detach", container);
    const stream = request.logs ? withPast(past(deps, container, request), live) : live;
    return { terminal, input, endsInput: container.spec.config.StdinOnce && !terminal, stream, left };
  };
}

async function liveStream(container: Container, request: AttachRequest): Promise<AttachStream> {
  const streams = {
    stdin: request.stdin && container.spec.config.OpenStdin,
    stdout: request.stdout,
    stderr: request.stderr,
  };
  if (container.process !== undefined) return container.process.attach(streams);
  const attach = new DeferredAttach(streams, (closed) => container.waitingAttaches.delete(closed));
  container.waitingAttaches.add(attach);
  return attach;
}

function past(deps: AttachDeps, container: Container, request: AttachRequest): AsyncIterable<Uint8Array> {
  const { plan, path } = logOwner(deps.paths, deps.machine.hostname, container);
  if (plan.store === undefined || !plan.readable) throw new BerthError("not-implemented", notReadable);
  return deps.logs.read({
    path,
    format: plan.store.format,
    stdout: request.stdout,
    stderr: request.stderr,
    tail: undefined,
    sinceNs: undefined,
    untilNs: undefined,
    follow: false,
    ended: Promise.resolve(),
    signal: new AbortController().signal,
    print: { framed: !container.spec.config.Tty, timestamps: false, attributes: "" },
  });
}

function withPast(before: AsyncIterable<Uint8Array>, live: AttachStream): AttachStream {
  async function* both(): AsyncGenerator<Uint8Array> {
    yield* before;
    yield* live.readable;
  }
  return {
    readable: both(),
    write: (bytes) => live.write(bytes),
    endInput: () => live.endInput(),
    close: () => live.close(),
  };
}

const emptyStream = (): AttachStream => ({
  readable: (async function* none(): AsyncGenerator<Uint8Array> {})(),
  write: () => Promise.resolve(),
  endInput() {},
  close() {},
});

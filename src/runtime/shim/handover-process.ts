import { BerthError } from "#base/errors.ts";
import type { AttachStream, ExitStatus, SupervisedProcess } from "../types.ts";
import { Control, requestType } from "./control.ts";
import { launchFailed } from "./process.ts";
import type { ShimState } from "./state.ts";

/**
 * A process whose monitor left at *ready* (LaunchRequest.mode `handover`): init itself answers go() and nothing else; its
 * parent, the caller's subreaper, learns of the exit.
 */
export class HandoverProcess implements SupervisedProcess {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly monitorPid = 0;
  readonly #directory: string;

  constructor(directory: string, pid: number, startTicks: bigint) {
    this.#directory = directory;
    this.pid = pid;
    this.startTicks = startTicks;
  }

  /** End of file after go means that execve closed init's end. */
  async go(): Promise<{ readonly startedAtNs: bigint }> {
    const ended = Promise.withResolvers<undefined>();
    let last: ShimState | undefined;
    const first = Promise.withResolvers<undefined>();
    const control = await Control.connect(this.#directory, {
      onState(state) {
        last = state;
        first.resolve(undefined);
      },
      onEnd: () => {
        first.resolve(undefined);
        ended.resolve(undefined);
      },
    });
    if (control === undefined) throw new BerthError("conflict", "the process does not wait to be started");
    await first.promise;
    if (last?.phase !== "waiting") throw new BerthError("conflict", "the process does not wait to be started");
    control.request(requestType.go, 0).catch(() => undefined);
    await ended.promise;
    if (last.phase !== "waiting") throw launchFailed(last.failure);
    return { startedAtNs: BigInt(Date.now()) * 1_000_000n };
  }

  attach(): Promise<AttachStream> {
    return Promise.reject(refused("attach"));
  }

  outputTaken(): undefined {
    return undefined;
  }

  resize(): Promise<void> {
    return Promise.reject(refused("resize"));
  }

  signal(): Promise<void> {
    return Promise.reject(refused("signal"));
  }

  exited(): Promise<ExitStatus> {
    return Promise.reject(refused("wait for"));
  }

  onLogRotated(): void {}

  onOom(): void {}

  async logTaken(): Promise<void> {}

  detach(): void {}
}

function refused(what: string): BerthError {
  return new BerthError("not-implemented", `cannot ${what} a process that was handed over to its caller`);
}

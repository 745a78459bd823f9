import { BerthError, messageOf } from "#base/errors.ts";
import { MFD_CLOEXEC } from "#host/kernel/linux.ts";
import { spawnProcess } from "#host/processes/process.ts";
import { listenForChild } from "#host/shim/shim-socket.ts";
import { close, memfdCreate, pipe, writeAll } from "#host/kernel/syscalls.ts";
import type { LaunchPlace } from "../types.ts";
import { controlName } from "./control.ts";

/**
 * A shim that has come up and waits for its message. It ends by itself when this process does, or says that there will be
 * none: the end of a pipe tells it.
 */
export class WaitingShim {
  readonly #file: number;
  readonly #completeEnd: number;
  #settled = false;
  /** Resolves when it is gone, whatever for. */
  readonly gone: Promise<unknown>;

  private constructor(file: number, completeEnd: number, gone: Promise<unknown>) {
    this.#file = file;
    this.#completeEnd = completeEnd;
    this.gone = gone;
  }

  /** Start one. It listens in the directory, wherever that is moved. */
  static start(shimPath: string, place: LaunchPlace): WaitingShim {
    // In memory, because it may hold secrets.
    const file = memfdCreate("launch", MFD_CLOEXEC);
    const [waitEnd, completeEnd] = pipe();
    try {
      const { exited } = spawn(shimPath, place, [file, waitEnd]);
      return new WaitingShim(file, completeEnd, exited);
    } catch (error) {
      close(file);
      close(completeEnd);
      throw error;
    } finally {
      close(waitEnd);
    }
  }

  /** The one message it gets. */
  send(message: Uint8Array): void {
    if (this.#settled) throw new BerthError("internal", "this shim has had its message");
    try {
      writeAll(this.#file, message);
      writeAll(this.#completeEnd, Uint8Array.of(1));
    } finally {
      this.abandon();
    }
  }

  /** No effect after {@link send}. */
  abandon(): void {
    if (this.#settled) return;
    this.#settled = true;
    close(this.#file);
    close(this.#completeEnd);
  }
}

function spawn(shimPath: string, place: LaunchPlace, message: readonly number[]): ReturnType<typeof spawnProcess> {
  const own = place.mode === undefined || place.mode === "supervised";
  const preserved = Array.from({ length: place.preserveFds ?? 0 }, (_, index) => 3 + index);
  const listener = listenForChild(place.dir, controlName);
  try {
    return spawnProcess({
      file: shimPath,
      argv0: "berth-shim",
      args: [place.id],
      env: {},
      cwd: place.dir,
      stdin: own ? null : 0,
      stdout: own ? null : 1,
      stderr: own ? null : 2,
      extraFds: [listener, ...message, ...preserved],
    });
  } catch (error) {
    throw new BerthError("internal", `cannot start the shim: ${messageOf(error)}`, { cause: error });
  } finally {
    close(listener);
  }
}

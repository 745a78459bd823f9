import { BerthError, messageOf } from "#base/errors.ts";
import { AT_FDCWD, MFD_CLOEXEC, O_RDONLY } from "#host/kernel/linux.ts";
import { announce } from "#host/kernel/operations-beside.ts";
import { spawnProcess, type ChildProcess } from "#host/processes/process.ts";
import { runElsewhere } from "#host/processes/run-elsewhere.ts";
import { listenForChild } from "#host/shim/shim-socket.ts";
import { close, fstat, memfdCreate, open, pipe, statx, writeAll } from "#host/kernel/syscalls.ts";
import { launchWord } from "../plan/wire.ts";
import type { LaunchPlace, MakeCgroups } from "../types.ts";
import { controlName } from "./control.ts";

/**
 * A shim that has come up and waits for its message. It ends by itself when this process does, or says that there will be
 * none: the end of a pipe tells it.
 */
export class WaitingShim {
  readonly #file: number;
  readonly #words: number;
  /** Its own until {@link gone}: nobody but this process can bury it. */
  readonly #pid: number;
  #settled = false;
  #isSent = false;
  #isGone = false;
  #makesNetwork = false;
  #cgroups: Promise<void> | undefined;
  /** Resolves when it is gone, whatever for. */
  readonly gone: Promise<unknown>;

  private constructor(file: number, words: number, { pid, exited }: Pick<ChildProcess, "pid" | "exited">) {
    this.#file = file;
    this.#words = words;
    this.#pid = pid;
    this.gone = exited.then(() => (this.#isGone = true));
  }

  /** Start one. It listens in the directory, wherever that is moved. */
  static start(shimPath: string, place: LaunchPlace): WaitingShim {
    // In memory, because it may hold secrets.
    const file = memfdCreate("launch", MFD_CLOEXEC);
    const [waitEnd, words] = pipe();
    try {
      return new WaitingShim(file, words, spawn(shimPath, place, [file, waitEnd]));
    } catch (error) {
      close(file);
      close(words);
      throw error;
    } finally {
      close(waitEnd);
    }
  }

  /** See {@link runElsewhere}; until its process is let go, which has the processors of this one. */
  runElsewhere(): void {
    if (!this.#isGone) runElsewhere(this.#pid);
  }

  /** It makes a network namespace and stays in it until it has cloned init; see `BegunLaunch.makeNetwork`. */
  makeNetwork(): void {
    if (this.#settled || this.#makesNetwork) return;
    this.#makesNetwork = true;
    this.#say(launchWord.network);
  }

  /** The first call counts; {@link send} resolves or rejects with it, and the announcement is good until it has settled. */
  makeCgroups(make: MakeCgroups): void {
    if (this.#settled || this.#cgroups !== undefined) return;
    this.#cgroups = make({ fd: this.#words, word: launchWord.cgroups });
    this.#cgroups.catch(() => undefined);
  }

  /** A descriptor of the network namespace that it has made and is in; undefined when it is in this process's. */
  openNetwork(): number | undefined {
    if (!this.#makesNetwork || this.#isGone) return undefined;
    let namespace;
    try {
      namespace = open(`/proc/${this.#pid}/ns/net`, O_RDONLY);
    } catch {
      // It has ended.
      return undefined;
    }
    if (fstat(namespace).ino !== statx(AT_FDCWD, "/proc/self/ns/net").ino) return namespace;
    close(namespace);
    return undefined;
  }

  /** Whether it has all it waits for. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /**
   * The one message it gets, before this returns. `makeCgroups`: see {@link makeCgroups}; when it rejects there is no launch.
   * Resolves, or rejects with the same, when the shim will be told nothing more.
   */
  async send(message: Uint8Array, makeCgroups?: MakeCgroups): Promise<void> {
    if (this.#settled) throw new BerthError("internal", "this shim has had its message");
    try {
      writeAll(this.#file, message);
      this.#say(launchWord.complete);
      if (makeCgroups !== undefined) this.makeCgroups(makeCgroups);
    } catch (error) {
      await this.abandon();
      throw error;
    }
    this.#settled = true;
    try {
      await this.#cgroups;
      this.#isSent = true;
    } finally {
      await this.#close();
    }
  }

  /** One whose shim is gone is told so by what it left, not here. */
  #say(word: number): void {
    announce({ fd: this.#words, word });
  }

  /** No effect once {@link send} was called. Resolves when no control group is being made for it any more. */
  async abandon(): Promise<void> {
    if (this.#settled) return;
    this.#settled = true;
    await this.#close();
  }

  /** Whoever makes control groups announces them by the pipe. */
  async #close(): Promise<void> {
    close(this.#file);
    await this.#cgroups?.catch(() => undefined);
    close(this.#words);
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

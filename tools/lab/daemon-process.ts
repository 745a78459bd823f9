import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { eventually, PATIENCE_MS } from "./command.ts";

/** A server started by us: its log goes to a file, and it is gone when `stop` resolves. */
export interface DaemonProcess {
  readonly pid: number;
  readonly logPath: string;
  readonly running: boolean;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL at once. */
  kill(): Promise<void>;
}

/**
 * Start `argv` and wait until `ready` says true. Throws with the end of its log when it ends first or is not ready in
 * time. It dies with this process only if `stop` is called: use it in a scope that stops it.
 */
export async function startDaemon(options: {
  readonly argv: readonly string[];
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Its descriptors from 3 on. */
  readonly fds?: readonly number[];
  readonly ready: () => Promise<boolean>;
  readonly timeoutMs?: number;
}): Promise<DaemonProcess> {
  const [program, ...args] = options.argv;
  if (program === undefined) throw new Error("no program named");
  const log = openSync(options.logPath, "a");
  const child = spawn(program, args, {
    stdio: ["ignore", log, log, ...(options.fds ?? [])],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    // A terminal's Ctrl-C must reach the starter, who then stops this in order.
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const daemon = new Daemon(child, options.logPath, ended);
  try {
    await eventually(
      `${program} ready`,
      async () => {
        if (!daemon.running) throw new Error(`${program} ended at start`);
        return (await options.ready().catch(() => false)) ? true : undefined;
      },
      options.timeoutMs,
    );
  } catch (error) {
    await daemon.kill();
    throw new Error(`${String(error)}\n${tail(options.logPath)}`, { cause: error });
  }
  return daemon;
}

class Daemon implements DaemonProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly logPath: string;

  constructor(child: ChildProcess, logPath: string, ended: Promise<void>) {
    this.#child = child;
    this.#ended = ended;
    this.logPath = logPath;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(graceMs = PATIENCE_MS): Promise<void> {
    if (this.running) {
      this.#child.kill("SIGTERM");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
      await this.#ended;
      clearTimeout(timer);
    }
  }

  async kill(): Promise<void> {
    if (this.running) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** The last lines of a log file, for messages. */
function tail(path: string, lines = 30): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

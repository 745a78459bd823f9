import { BerthError } from "#base/errors.ts";

import { hasCode } from "../kernel/errno.ts";
import { readTextFile, readTextFileMaybe, withFd } from "../files/files.ts";
import { pidfdOpen, pidfdSendSignal } from "../kernel/syscalls.ts";

/** How a process ended; exactly one of the two is set. */
export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface ChildProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** The child's end of a `"pipe"`, undefined for other choices. */
  readonly stdin: { write(bytes: Uint8Array): Promise<void>; end(): Promise<void> } | undefined;
  readonly stdout: ReadableStream<Uint8Array> | undefined;
  readonly stderr: ReadableStream<Uint8Array> | undefined;
  signal(signal: number): void;
}

/** `null`: /dev/null. A number: that descriptor is handed on. */
export type Stdio = null | "pipe" | number;

export interface SpawnRequest {
  /** Path of the program; a bare name is looked up in this process's PATH. */
  readonly file: string;
  readonly args: readonly string[];
  /** What the program sees as its own name; `file` by default. */
  readonly argv0?: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: Stdio;
  readonly stdout?: Stdio;
  readonly stderr?: Stdio;
  /** Become descriptors 3, 4, … of the child. */
  readonly extraFds?: readonly number[];
  /** Start it in a session of its own, out of reach of this terminal's signals. */
  readonly detached?: boolean;
}

/**
 * Start a program. No descriptor but those named reaches it. The child does not keep this process alive. `not-found`
 * when there is no such program, `forbidden` when it may not be executed.
 */
export function spawnProcess(request: SpawnRequest): ChildProcess {
  const stdio = (choice: Stdio | undefined): "ignore" | "pipe" | number => choice ?? "ignore";
  const child = translateSpawnError(request.file, () =>
    Bun.spawn([request.file, ...request.args], {
      ...(request.argv0 === undefined ? {} : { argv0: request.argv0 }),
      ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      ...(request.detached === undefined ? {} : { detached: request.detached }),
      env: { ...request.env },
      stdio: [stdio(request.stdin), stdio(request.stdout), stdio(request.stderr), ...(request.extraFds ?? [])],
    }),
  );
  child.unref();
  const { stdin, stdout, stderr } = child;
  return {
    pid: child.pid,
    exited: child.exited.then(() => ({
      exitCode: child.exitCode ?? undefined,
      signal: child.signalCode === null ? undefined : String(child.signalCode),
    })),
    stdin:
      typeof stdin === "object" && stdin !== null
        ? {
            write: async (bytes) => {
              await stdin.write(bytes);
              await stdin.flush();
            },
            end: async () => void (await stdin.end()),
          }
        : undefined,
    stdout: stdout instanceof ReadableStream ? stdout : undefined,
    stderr: stderr instanceof ReadableStream ? stderr : undefined,
    signal: (signal) => child.kill(signal),
  };
}

export interface CommandResult extends ProcessExit {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Run a program to its end with `input` on stdin. `deadline` when it takes longer than `timeoutMs` (it is killed),
 * `resource-exhausted` when it prints more than `maxOutputBytes` on one stream. A program that fails is a result, no error.
 */
export async function runCommand(
  request: Omit<SpawnRequest, "stdin" | "stdout" | "stderr"> & {
    readonly input?: Uint8Array;
    readonly timeoutMs: number;
    readonly maxOutputBytes?: number;
  },
): Promise<CommandResult> {
  const limit = request.maxOutputBytes ?? 16 << 20;
  const child = spawnProcess({
    ...request,
    stdin: request.input === undefined ? null : "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.signal(9);
  }, request.timeoutMs);
  try {
    const feed = async (): Promise<void> => {
      try {
        await child.stdin?.write(request.input ?? new Uint8Array());
        await child.stdin?.end();
      } catch (error) {
        // A program may end without reading all of its input.
        if (!hasCode(error, "EPIPE")) throw error;
      }
    };
    const [stdout, stderr, exit] = await Promise.all([
      collect(child.stdout, limit, request.file),
      collect(child.stderr, limit, request.file),
      child.exited,
      feed(),
    ]);
    if (timedOut) throw new BerthError("deadline", `${request.file} did not end within ${request.timeoutMs} ms`);
    return { ...exit, stdout, stderr };
  } catch (error) {
    child.signal(9);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function collect(
  stream: ReadableStream<Uint8Array> | undefined,
  limit: number,
  name: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (stream !== undefined) {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > limit) throw new BerthError("resource-exhausted", `${name} printed more than ${limit} bytes`);
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks);
}

function translateSpawnError<T>(file: string, spawn: () => T): T {
  try {
    return spawn();
  } catch (error) {
    if (hasCode(error, "ENOENT"))
      throw new BerthError("not-found", `${file}: executable file not found`, { cause: error });
    if (hasCode(error, "EACCES")) throw new BerthError("forbidden", `${file}: permission denied`, { cause: error });
    throw error;
  }
}

// ── other processes ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A process that cannot be mistaken for a later one with the same pid. Fit for being stored. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  readonly startTicks: number;
}

/** undefined when there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks };
}

/** Does this very process still run? A zombie does not. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return stat !== undefined && isLiving(stat, identity);
}

function isLiving({ startTicks, state }: ProcessStat, identity: ProcessIdentity): boolean {
  return startTicks === identity.startTicks && state !== "Z" && state !== "X";
}

/** PF_EXITING of include/linux/sched.h. */
const exitingFlag = 0x4;

/** Has its end begun, though it may not be a zombie yet? From then on its namespaces take nobody in. */
export function isEnding(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return stat === undefined || !isLiving(stat, identity) || (stat.flags & exitingFlag) !== 0;
}

/**
 * Send a signal to this very process; false when it is gone. The descriptor is taken before the identity is checked, so
 * that the signal cannot reach a later process with the pid.
 */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  try {
    return withFd(pidfdOpen(identity.pid), (fd) => {
      if (!isRunning(identity)) return false;
      pidfdSendSignal(fd, signal);
      return true;
    });
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    throw error;
  }
}

export interface ProcessStat {
  readonly comm: string;
  readonly state: string;
  readonly parentPid: number;
  /** PF_* of the kernel. */
  readonly flags: number;
  readonly startTicks: number;
}

/** /proc/pid/stat (proc_pid_stat(5)), undefined when the process is gone. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string | undefined;
  try {
    text = readTextFileMaybe(`/proc/${pid}/stat`, 4096);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
  return text === undefined ? undefined : parseStat(text);
}

/** The second field may hold spaces and parentheses: the others begin after the last `)`. */
export function parseStat(text: string): ProcessStat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text
    .slice(close + 2)
    .trimEnd()
    .split(" ");
  const startTicks = Number(fields[19]);
  if (open < 0 || close < open || !Number.isSafeInteger(startTicks)) {
    throw new BerthError("internal", `cannot read process status ${JSON.stringify(text)}`);
  }
  return {
    comm: text.slice(open + 1, close),
    state: fields[0] ?? "",
    parentPid: Number(fields[1]),
    flags: Number(fields[6]),
    startTicks,
  };
}

/** A random name of this boot of the machine: process identities of another boot mean nothing. */
export function bootId(): string {
  return readTextFile("/proc/sys/kernel/random/boot_id", 64).trim();
}

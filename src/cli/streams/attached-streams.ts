import { isBerthError } from "#base/errors.ts";
import type { Duplex } from "#host/http/duplex.ts";
import { Demultiplexer } from "#spec/docker/stdcopy.ts";
import type { CliIo } from "../cli-io.ts";
import { DEFAULT_DETACH_KEYS, DetachFilter, parseDetachKeys } from "./detach-keys.ts";

export interface AttachedStreams {
  readonly stream: Duplex;
  /** A terminal on the other side: one raw stream instead of frames. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Empty = docker's default; only heard with a terminal on both sides. */
  readonly detachKeys: string;
}

/** `ended`: the other side closed its output. `detached`: the person typed the detach keys. */
export type AttachOutcome = "ended" | "detached";

/**
 * Carries stdin to the container and its output here until the output ends. Stdin's end is passed on as a half-close.
 * With a terminal on both sides stdin is raw meanwhile. A read of stdin may still be pending when this returns.
 */
export async function carryStreams(
  attached: AttachedStreams,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr">,
): Promise<AttachOutcome> {
  const raw = attached.tty && attached.stdin && io.stdin.isTerminal();
  const keys = raw ? parseDetachKeys(attached.detachKeys || DEFAULT_DETACH_KEYS) : undefined;
  const makeCooked = raw ? io.stdin.makeRaw() : undefined;
  try {
    const output = attached.stdout || attached.stderr ? copyOutput(attached, io) : undefined;
    output?.catch(() => undefined);
    const input = attached.stdin ? copyInput(attached.stream, io, keys) : undefined;
    if (input === undefined) await output;
    else if (output === undefined) return await input;
    else {
      const first = await Promise.race([input, output.then((): AttachOutcome => "ended")]);
      if (first === "detached") return first;
      await output;
    }
    return "ended";
  } finally {
    makeCooked?.();
    attached.stream.close();
  }
}

async function copyOutput(
  { stream, tty, stdout, stderr }: AttachedStreams,
  io: Pick<CliIo, "stdout" | "stderr">,
): Promise<void> {
  const streams = new Demultiplexer();
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) {
    if (tty) {
      io.stdout.write(chunk);
      continue;
    }
    streams.push(chunk, (name, bytes) => {
      if (name === "stderr") {
        if (stderr) io.stderr.write(bytes);
      } else if (name === "systemerr")
        throw new Error(`error from daemon in stream: ${new TextDecoder().decode(bytes)}`);
      else if (stdout) io.stdout.write(bytes);
    });
  }
}

async function copyInput(
  stream: Duplex,
  io: Pick<CliIo, "stdin">,
  keys: Uint8Array | undefined,
): Promise<AttachOutcome> {
  const filter = keys === undefined ? undefined : new DetachFilter(keys);
  try {
    for (let chunk = await io.stdin.read(); chunk !== undefined; chunk = await io.stdin.read()) {
      const { pass, detached } = filter?.push(chunk) ?? { pass: chunk, detached: false };
      if (pass.length > 0) await stream.write(pass);
      if (detached) return "detached";
    }
    await stream.endWrite();
  } catch (error) {
    // The container's end closed first: what its output says counts.
    if (!isBerthError(error, "unavailable")) throw error;
  }
  return "ended";
}

import { BerthError } from "#base/errors.ts";
import type { RunOptions } from "#client/containers-api.ts";
import type { EngineClient } from "#client/engine-client.ts";
import { runFeature } from "#spec/berth/ended-output.ts";
import type { WaitCondition, WaitResponse } from "#spec/docker/container.ts";
import type { CliIo } from "../cli-io.ts";
import type { BegunRun } from "./create-container.ts";
import { carryStreams, type AttachedStreams, type AttachOutcome } from "../streams/attached-streams.ts";

export interface AttachedStart extends Omit<AttachedStreams, "stream"> {
  readonly autoRemove: boolean;
}

export interface AttachedRun {
  /** See {@link carryStreams}. */
  readonly carried: Promise<AttachOutcome>;
  /** How it ended, once its output has. */
  readonly waited: () => Promise<WaitResponse>;
}

/** How the engine is asked to do it by one request; undefined when it cannot, because how it ended comes behind the output. */
export function runOptionsOf(wanted: Omit<AttachedStart, "stream">): RunOptions | undefined {
  const { stdin, stdout, stderr, detachKeys, tty, autoRemove } = wanted;
  if (!stdout && !stderr) return undefined;
  return { stdin, stdout, stderr, detachKeys, condition: conditionOf(autoRemove), terminal: tty };
}

/**
 * Start a container with its streams carried from the first byte on: by one request where the engine has it, by attach,
 * wait and start elsewhere; `begun`: by the request that made it. Rejects when it cannot be started, and is gone by then when
 * it removes itself.
 */
export function startAttached(
  client: EngineClient,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr">,
  id: string,
  wanted: AttachedStart,
  begun?: BegunRun,
): Promise<AttachedRun> {
  if (begun !== undefined) return carried(begun(), io, wanted);
  const options = client.transport.hasFeature(runFeature) ? runOptionsOf(wanted) : undefined;
  return options === undefined
    ? byThree(client, io, id, wanted)
    : carried(client.containers.run(id, options), io, wanted);
}

async function carried(
  run: ReturnType<BegunRun>,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr">,
  wanted: AttachedStart,
): Promise<AttachedRun> {
  const { stream, end } = await run;
  return {
    carried: carryStreams({ ...wanted, stream }, io),
    async waited() {
      const result = end();
      if (result === undefined) throw new BerthError("unavailable", "unexpected EOF");
      return result;
    },
  };
}

async function byThree(
  client: EngineClient,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr">,
  id: string,
  wanted: AttachedStart,
): Promise<AttachedRun> {
  const { stdin, stdout, stderr, detachKeys } = wanted;
  const [{ stream }, waited] = await Promise.all([
    client.containers.attach(id, { stream: true, stdin, stdout, stderr, detachKeys }),
    client.containers.wait(id, conditionOf(wanted.autoRemove)),
  ]);
  const carried = carryStreams({ ...wanted, stream }, io);
  carried.catch(() => undefined);
  try {
    await client.containers.start(id);
  } catch (error) {
    stream.close();
    await carried.catch(() => undefined);
    if (wanted.autoRemove) await waited().catch(() => undefined);
    throw error;
  }
  return { carried, waited };
}

/** Start a container that nobody is attached to. Rejects when it cannot be started, and is gone by then as above. */
export async function startDetached(client: EngineClient, id: string, autoRemove: boolean): Promise<void> {
  // An engine with that feature has removed it before it answers.
  const waited = client.transport.hasFeature(runFeature)
    ? undefined
    : await client.containers.wait(id, conditionOf(autoRemove));
  try {
    await client.containers.start(id);
  } catch (error) {
    if (autoRemove) await waited?.().catch(() => undefined);
    throw error;
  }
}

const conditionOf = (autoRemove: boolean): WaitCondition => (autoRemove ? "removed" : "next-exit");

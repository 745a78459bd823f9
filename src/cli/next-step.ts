import { BerthError, messageOf } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { CliIo } from "./cli-io.ts";

const TAKEN_PORT =
  /Bind for \S+:(\d+) failed: port is already allocated|failed to bind host port for \S+?:(\d+):\S+: address already in use/i;

/** The command that tells who has the port that a start failed for; undefined where it failed for another reason. */
export function portQuestion(error: unknown, { programName }: Pick<CliIo, "programName">): string | undefined {
  const match = TAKEN_PORT.exec(messageOf(error));
  if (match === null || programName === "docker") return undefined;
  return `Run '${programName} why ${match[1] ?? match[2] ?? ""}' to see who has the port`;
}

/** A failed pull with the command that tells more about it, as far as the engine is one that can. */
export async function withPullQuestion(
  error: unknown,
  client: EngineClient,
  { programName }: Pick<CliIo, "programName">,
  reference: string,
): Promise<unknown> {
  if (!(error instanceof Error) || programName === "docker") return error;
  const { kind, details } = error instanceof BerthError ? error : { kind: "internal" as const, details: {} };
  if (kind === "cancelled" || !(await isBerth(client))) return error;
  const hint = `Run '${programName} why ${reference}' for the reason and what to do`;
  return new BerthError(kind, error.message, { cause: error, details, hint });
}

async function isBerth({ transport }: EngineClient): Promise<boolean> {
  try {
    return (transport.lastPing ?? (await transport.ping())).isBerth;
  } catch {
    return false; // it has gone: the error tells
  }
}

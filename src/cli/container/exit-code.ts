import type { WaitResponse } from "#spec/docker/container.ts";
import type { CliIo } from "../cli-io.ts";

const CLI_FAILED = 125;

/** The container's exit code; a failed wait is told and counts as docker's own failure. */
export function exitCodeOf(result: WaitResponse, io: Pick<CliIo, "stderr">): number {
  const message = result.Error?.Message;
  if (message === undefined || message === "") return result.StatusCode;
  io.stderr.write(`Error waiting for container: ${message}\n`);
  return CLI_FAILED;
}

import type { LogReader } from "#logs/types.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { Container } from "../container/container.ts";
import { logOwner } from "../container/streams/log-owner.ts";
import type { EnginePaths } from "../ports.ts";

const lines = 20;
const longestLine = 512;
const mostBytes = 64 << 10;

/** The last lines a container wrote, both streams, each with its time; none when no readable log is kept. */
export async function lastOutput(
  deps: { readonly logs: LogReader; readonly paths: EnginePaths },
  container: Container,
): Promise<readonly string[]> {
  const { plan, path } = logOwner(deps.paths, "", container);
  if (plan.store === undefined || !plan.readable) return [];
  const stop = new AbortController();
  const chunks = deps.logs.read({
    path,
    format: plan.store.format,
    stdout: true,
    stderr: true,
    tail: lines,
    sinceNs: undefined,
    untilNs: undefined,
    follow: false,
    ended: Promise.resolve(),
    signal: stop.signal,
    print: { framed: true, timestamps: true, attributes: "" },
  });
  const frames = new FrameDecoder();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    for (const { payload } of frames.push(chunk)) {
      bytes += payload.byteLength;
      parts.push(payload);
    }
    if (bytes > mostBytes) break;
  }
  return Buffer.concat(parts)
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .slice(-lines)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
}

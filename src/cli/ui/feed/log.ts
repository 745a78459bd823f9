import type { EngineClient } from "#client/engine-client.ts";
import { Demultiplexer } from "#spec/docker/stdcopy.ts";
import { harmless } from "../letters.ts";

const FIRST_LINES = "1000";

/**
 * A container's log as whole lines, without anything that steers a terminal, until it ends. `since` in Unix seconds; "" =
 * the last lines and what follows.
 */
export async function followLog(
  api: EngineClient,
  id: string,
  since: string,
  signal: AbortSignal,
  tell: (lines: readonly string[]) => void,
): Promise<void> {
  const { Config } = await api.containers.inspect(id);
  const body = await api.containers.logs(id, {
    stdout: true,
    stderr: true,
    follow: true,
    ...(since === "" ? { tail: FIRST_LINES } : { since }),
    signal,
  });
  const frames = Config.Tty === true ? undefined : new Demultiplexer();
  const [out, err] = [new LineSplitter(), new LineSplitter()];
  for await (const chunk of body) {
    const lines: string[] = [];
    if (frames === undefined) lines.push(...out.push(chunk));
    else frames.push(chunk, (stream, bytes) => lines.push(...(stream === "stderr" ? err : out).push(bytes)));
    if (lines.length > 0) tell(lines);
  }
  const rest = [...out.end(), ...err.end()];
  if (rest.length > 0) tell(rest);
}

/** What a terminal would show of a line is what stands behind its last carriage return. */
class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  push(bytes: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map(shown);
  }

  end(): readonly string[] {
    return this.#rest === "" ? [] : [shown(this.#rest)];
  }
}

function shown(line: string): string {
  const text = line.replace(/\r+$/, "");
  return harmless(text.slice(text.lastIndexOf("\r") + 1));
}

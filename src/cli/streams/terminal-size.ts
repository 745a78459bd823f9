import { isBerthError } from "#base/errors.ts";
import type { CliIo, WindowSize } from "../cli-io.ts";

const ATTEMPTS = 10;
const PAUSE_MS = 10;

/**
 * Gives the other side's terminal this window's size now and after every SIGWINCH. The first attempts may come before
 * the process has its terminal and are repeated. The result stops watching.
 */
export function followWindowSize(
  io: Pick<CliIo, "stdout" | "stderr" | "onSignal" | "sleep">,
  resize: (size: WindowSize) => Promise<void>,
): () => void {
  const send = async (): Promise<void> => {
    const size = io.stdout.windowSize();
    if (size !== undefined && (size.rows > 0 || size.columns > 0)) await resize(size);
  };
  const watching = new AbortController();
  const first = async (): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS && !watching.signal.aborted; attempt += 1) {
      try {
        await send();
        return;
      } catch (error) {
        if (!isBerthError(error)) throw error;
        await io.sleep(PAUSE_MS * (attempt + 1));
      }
    }
    if (!watching.signal.aborted) io.stderr.write("failed to resize tty, using default size\n");
  };
  void first();
  const off = io.onSignal("SIGWINCH", () => {
    send().catch(() => undefined); // the process may be gone already
  });
  return () => {
    watching.abort();
    off();
  };
}

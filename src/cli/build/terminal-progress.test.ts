import { expect, test } from "bun:test";
import { TerminalProgress } from "./terminal-progress.ts";

/** A terminal of this size that keeps what is written to it, and a clock that stands still. */
function terminal(size: { columns: number; rows: number }, env: Record<string, string> = {}) {
  let written = "";
  const stderr = {
    write: (data: string | Uint8Array) => void (written += String(data)),
    isTerminal: () => true,
    windowSize: () => size,
  };
  const io = { stderr, env, now: () => 0, sleep: () => new Promise<void>(() => {}) };
  const taken = (): string => {
    const text = written;
    written = "";
    return text;
  };
  return { io, taken };
}

test("lines are drawn over those before, also in a window that has become narrower", () => {
  const size = { columns: 40, rows: 24 };
  const { io, taken } = terminal(size, { NO_COLOR: "1" });
  const progress = new TerminalProgress(io, { explain: false });
  progress.show({ type: "graph", vertices: [{ name: "RUN make" }], warnings: [] });
  taken();
  progress.show({ type: "started", vertex: 0, at: 0 });
  expect(taken()).toBe(
    "\u001b[1A\r\u001b[K[+] Building 0.0s (0/1)\n\u001b[K => RUN make                        0.0s\n\u001b[J",
  );
  // The second line takes two rows now.
  size.columns = 30;
  progress.show({ type: "done", vertex: 0, cached: false, at: 0 });
  expect(taken()).toBe("\u001b[3A\r\u001b[K[+] Building 0.0s (1/1)\n\u001b[K => RUN make              0.0s\n\u001b[J");
  size.rows = 2;
  progress.close();
  expect(taken()).toStartWith("\u001b[1A\r\u001b[K[+] Building 0.0s (1/1) FINISH\n");
  progress.close();
  expect(taken()).toBe("");
});

test("colours, unless NO_COLOR asks for none", () => {
  for (const [env, colour] of [
    [{}, true],
    [{ NO_COLOR: "" }, true],
    [{ NO_COLOR: "1" }, false],
  ] as const) {
    const { io, taken } = terminal({ columns: 80, rows: 24 }, env);
    const progress = new TerminalProgress(io, { explain: false });
    progress.show({ type: "failed", vertex: 0, message: "", at: 0 });
    expect(taken().includes("\u001b[31m => ERROR")).toBe(colour);
  }
});

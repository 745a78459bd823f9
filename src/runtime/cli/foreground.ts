import type { LaunchRequest, SupervisedProcess } from "#runtime/types.ts";
import type { RuntimeContext, RuntimeIo } from "./context.ts";

const SIGWINCH = 28;

/** How a process relates to this command: see LaunchRequest.mode. With a terminal in the foreground the shim owns it. */
export function launchModeOf(choice: {
  readonly detach: boolean;
  readonly terminal: boolean;
  readonly consoleSocket: string | undefined;
}): NonNullable<LaunchRequest["mode"]> {
  if (choice.detach) return "handover";
  return choice.terminal && choice.consoleSocket === undefined ? "supervised" : "inherit";
}

/**
 * Stay with a process that was launched in the foreground until it ends: `start` it, pass signals on, and, when the shim
 * owns its terminal, be that terminal. Resolves to its exit code.
 */
export async function stayWith(
  { io }: Pick<RuntimeContext, "io">,
  process: SupervisedProcess,
  ownsTerminal: boolean,
  start: () => Promise<void>,
): Promise<number> {
  const resize = async (): Promise<void> => {
    const size = io.terminal?.size();
    if (ownsTerminal && size !== undefined) await process.resize(size.rows, size.columns);
  };
  const stopSignals = io.onSignals((signal) => {
    const passOn = signal === SIGWINCH ? resize() : process.signal(signal);
    passOn.catch(() => undefined); // it may have ended meanwhile
  });
  const terminal = ownsTerminal ? await connectTerminal(io, process) : undefined;
  try {
    await resize().catch(() => undefined);
    await start();
    const { exitCode } = await process.exited();
    await terminal?.drained;
    return exitCode;
  } finally {
    terminal?.restore();
    stopSignals();
    process.detach();
  }
}

async function connectTerminal(
  io: RuntimeIo,
  process: SupervisedProcess,
): Promise<{ readonly drained: Promise<void>; restore(): void }> {
  const stream = await process.attach({ stdin: true, stdout: true, stderr: false });
  const restore = io.terminal?.makeRaw() ?? (() => undefined);
  const write = (bytes: Uint8Array): void =>
    io.terminal === undefined ? io.out(new TextDecoder().decode(bytes)) : io.terminal.write(bytes);
  const drained = (async () => {
    for await (const bytes of stream.readable) write(bytes);
  })();
  void (async () => {
    for (let typed = await io.terminal?.read(); typed !== undefined; typed = await io.terminal?.read())
      await stream.write(typed);
  })().catch(() => undefined); // the process is gone: its end is told by exited()
  return { drained, restore };
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthCommand, cliEnvironment } from "../../../tools/lab/engines.ts";
import { TmuxWindow } from "../../../tools/lab/tmux.ts";

interface Person {
  /** Existing folder for the window's files. */
  readonly dir: string;
  /** The engine that `berth` means. */
  readonly host: string;
}

interface WindowOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The person's folder, `dir` when not given. */
  readonly cwd?: string;
}

/** The widths that everything is looked at in: a window as terminals open it, and one over half a screen. */
export const WIDTHS = [80, 200] as const;

/** Plays with a person's window, in which `berth` is the program that was built. */
export async function inWindow(
  { dir, host }: Person,
  { columns = 80, rows = 24, env = {}, cwd = dir }: WindowOptions,
  play: (window: TmuxWindow) => Promise<void>,
): Promise<void> {
  writeFileSync(join(dir, "berth"), `#!/bin/sh\nexec ${berthCommand().join(" ")} "$@"\n`, { mode: 0o755 });
  const path = `${dir}:${process.env["PATH"] ?? ""}`;
  // Logins and contexts that are made in it are this person's alone.
  const own = { HOME: dir, DOCKER_CONFIG: join(dir, ".docker"), PATH: path };
  const environment = { ...cliEnvironment(host), NO_COLOR: undefined, ...own, ...env };
  const window = await TmuxWindow.open({ dir, columns, rows, env: environment, cwd });
  try {
    await play(window);
  } finally {
    await window.close();
  }
}

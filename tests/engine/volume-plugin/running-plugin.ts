import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { eventually } from "../../../tools/lab/command.ts";

const sockets = "/run/docker/plugins";

/** The plugin program at work, under a name that the machine's engines find it by. */
export class RunningPlugin {
  readonly name: string;
  readonly #dir: string;
  readonly #made: readonly string[];
  #process: ReturnType<typeof Bun.spawn> | undefined;

  private constructor(name: string, dir: string, made: readonly string[]) {
    this.name = name;
    this.#dir = dir;
    this.#made = made;
  }

  /** `dir`: an existing folder for what it keeps. */
  static async start(name: string, dir: string): Promise<RunningPlugin> {
    const made = [dirname(sockets), sockets].filter((path) => !existsSync(path));
    mkdirSync(sockets, { recursive: true });
    const plugin = new RunningPlugin(name, dir, made);
    await plugin.begin();
    return plugin;
  }

  async begin(): Promise<void> {
    const socket = join(sockets, `${this.name}.sock`);
    rmSync(socket, { force: true });
    const program = join(import.meta.dir, "plugin-program.ts");
    this.#process = Bun.spawn([process.execPath, program, socket, this.#dir], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    await eventually("the plugin's socket", () => existsSync(socket) || undefined);
  }

  /** SIGTERM, and its end. */
  async end(): Promise<void> {
    this.#process?.kill();
    await this.#process?.exited;
    this.#process = undefined;
  }

  /** What was called since the last look: method, volume and who mounts. Questions are left out. */
  takeCalls(): readonly {
    readonly method: string;
    readonly Name?: string;
    readonly ID?: string;
    readonly Opts?: unknown;
  }[] {
    const path = join(this.#dir, "calls.jsonl");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    rmSync(path, { force: true });
    const acts = /\.(?:Create|Remove|Mount|Unmount)$/u;
    return lines
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { method: string })
      .filter(({ method }) => acts.test(method));
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(join(sockets, `${this.name}.sock`), { force: true });
    for (const path of this.#made.toReversed()) rmdirSync(path);
  }
}

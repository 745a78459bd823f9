import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { command, type CommandResult } from "../../../tools/lab/command.ts";
import { berthCommand, cliEnvironment, dockerCli } from "../../../tools/lab/engines.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";

/** Files by path; a value may carry a mode. */
export type ContextFiles = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;

/** An engine with busybox, and folders to build from. */
export class BuildLab {
  readonly engine: BusyboxEngine;
  #contexts = 0;

  private constructor(engine: BusyboxEngine) {
    this.engine = engine;
  }

  static async open(
    bridge: string,
    bip: string,
    extraArgs: readonly string[] = [],
    through: readonly string[] = [],
  ): Promise<BuildLab> {
    return new BuildLab(await BusyboxEngine.open({ bridge, bip, extraArgs, through }));
  }

  /** A folder with these files; `Dockerfile` among them. */
  context(files: ContextFiles): string {
    const folder = join(this.engine.dir, `context-${this.#contexts++}`);
    this.fill(folder, files);
    return folder;
  }

  fill(folder: string, files: ContextFiles): void {
    mkdirSync(folder, { recursive: true });
    for (const [path, file] of Object.entries(files)) {
      const { text, mode } = typeof file === "string" ? { text: file, mode: 0o644 } : file;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      rmSync(join(folder, path), { force: true });
      writeFileSync(join(folder, path), text, { mode });
    }
  }

  /** The docker CLI's classic builder. */
  async docker(...args: readonly string[]): Promise<CommandResult> {
    return command([await dockerCli(), ...args], { env: { ...this.environment(), DOCKER_BUILDKIT: "0" } });
  }

  /** berth with this on its standard input. */
  pipe(stdin: string | Uint8Array, ...args: readonly string[]): Promise<CommandResult> {
    return command([...berthCommand(), ...args], { env: this.environment(), stdin });
  }

  environment(): Record<string, string | undefined> {
    return cliEnvironment(this.engine.host);
  }

  /** Standard output of a command in a container of the image. */
  runIn(image: string, ...args: readonly string[]): Promise<string> {
    return this.engine.ok("run", "--rm", image, ...args);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

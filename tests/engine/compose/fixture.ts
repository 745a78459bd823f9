import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "bun:test";
import { command, type CommandResult } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";

/** A project `shop` in a folder of its own, on an engine of its own. */
export class ComposeSide {
  readonly engine: BusyboxEngine;
  readonly folder: string;

  private constructor(engine: BusyboxEngine) {
    this.engine = engine;
    this.folder = join(engine.dir, "shop");
  }

  static async open(options: { readonly bridge: string; readonly bip: string }): Promise<ComposeSide> {
    return new ComposeSide(await BusyboxEngine.open(options));
  }

  get environment(): Record<string, string> {
    return {
      BERTH_HOST: this.engine.host,
      HOME: this.engine.dir,
      NO_COLOR: "1",
      COMPOSE_PROJECT_NAME: "shop",
      PATH: `${join(this.folder, "bin")}:${process.env["PATH"] ?? ""}`,
    };
  }

  /** `compose.yaml` and further files, replacing those of the same names. Programs in `bin/` are in PATH. */
  project(text: string, files: Readonly<Record<string, string>> = {}): void {
    for (const [name, content] of Object.entries({ "compose.yaml": text, ...files })) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: name.startsWith("bin/") ? 0o755 : 0o644 });
    }
  }

  compose(...words: readonly string[]): Promise<CommandResult> {
    return command([...berthCommand(), "compose", ...words], {
      cwd: this.folder,
      env: this.environment,
      timeoutMs: 120_000,
    });
  }

  /** Standard output of a command that must succeed. */
  async ok(...words: readonly string[]): Promise<string> {
    const result = await this.compose(...words);
    expect({ words, ...result, stdout: "" }).toMatchObject({ code: 0 });
    return result.stdout;
  }

  /** Away with the project: nothing of it may be left. */
  async clear(): Promise<void> {
    await this.compose("down", "-v", "--remove-orphans", "-t", "0");
    expect(await this.engine.ok("ps", "-aq")).toBe("");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

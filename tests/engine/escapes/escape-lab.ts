import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthCommand, cliEnvironment } from "../../../tools/lab/engines.ts";
import { command, type CommandResult } from "../../../tools/lab/command.ts";
import { writeTar, type TarEntry } from "../../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";

/** A way out of containers, images or builds that was published for one engine or another, and how it is gone here. */
export interface Escape {
  /** The weakness's number. */
  readonly known: string;
  readonly what: string;
  /** Besides what holds for all: {@link EscapeLab.check}. */
  attempt(lab: EscapeLab): Promise<void>;
}

export const secret = "of the host alone";

/**
 * An engine with busybox, and a folder of the host that nothing may reach: `secret`, `below/`. Whatever any command prints is
 * looked through for the secret, and the folder has to stay as it is.
 */
export class EscapeLab {
  readonly engine: BusyboxEngine;
  /** The host's folder. */
  readonly trap: string;
  /** A way to it from any folder of the host, and from none of a container. */
  readonly wayOut: string;
  readonly #printed: string[] = [];
  readonly #asItWas: string;
  #count = 0;

  private constructor(engine: BusyboxEngine) {
    this.engine = engine;
    this.trap = join(engine.dir, "trap");
    this.wayOut = `${"../".repeat(16)}${this.trap.slice(1)}`;
    mkdirSync(join(this.trap, "below"), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.trap, "secret"), `${secret}\n`, { mode: 0o600 });
    this.#asItWas = this.#trapNow();
  }

  static async open(bridge: string, bip: string): Promise<EscapeLab> {
    return new EscapeLab(await BusyboxEngine.open({ bridge, bip }));
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    return this.#kept(await this.engine.run(...args));
  }

  /** Standard output of a command that must succeed. */
  async ok(...args: readonly string[]): Promise<string> {
    const result = await this.run(...args);
    if (result.code !== 0) throw new Error(`${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  async pipe(stdin: Uint8Array, ...args: readonly string[]): Promise<CommandResult> {
    return this.#kept(await command([...berthCommand(), ...args], { env: cliEnvironment(this.engine.host), stdin }));
  }

  /** Read what is outside from inside, by a path that leads there if anything does. */
  look(path = this.wayOut): string {
    return `cat ${path}/secret; ls ${path}; echo planted > ${path}/planted`;
  }

  /** A build of these lines, with these files and links beside them. */
  async build(
    lines: readonly string[],
    more: {
      readonly args?: readonly string[];
      readonly files?: Readonly<Record<string, string | Uint8Array>>;
      readonly links?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<CommandResult> {
    const folder = join(this.engine.dir, `context-${this.#count++}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    for (const [name, content] of Object.entries(more.files ?? {})) writeFileSync(join(folder, name), content);
    for (const [name, target] of Object.entries(more.links ?? {})) symlinkSync(target, join(folder, name));
    return this.run("build", "--progress", "plain", "--no-cache", ...(more.args ?? []), folder);
  }

  /** An image of busybox with these members of an archive over it, just as they are. */
  async image(name: string, entries: readonly TarEntry[], lines: readonly string[] = []): Promise<void> {
    const files = { "over.tar": writeTar(entries) };
    const { code, stderr } = await this.build(["FROM busybox", "ADD over.tar /", ...lines], {
      args: ["-t", name],
      files,
    });
    if (code !== 0) throw new Error(stderr);
  }

  /** What is wrong after an attempt; empty when nothing is. The engine goes on, its shims too. */
  async check(): Promise<readonly string[]> {
    const goesOn = await this.engine.run("run", "--rm", "--network", "none", "busybox", "echo", "alive");
    const [text, trap] = [this.#printed.splice(0).join("\n"), this.#trapNow()];
    await this.engine.removeAll();
    return [
      ...(text.includes(secret) ? [`the secret was read: ${text}`] : []),
      ...(trap === this.#asItWas ? [] : [`the host's folder has changed: ${this.#asItWas} -> ${trap}`]),
      ...(goesOn.stdout === "alive\n" ? [] : [`no container starts any more: ${goesOn.stderr}`]),
    ];
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  #kept(result: CommandResult): CommandResult {
    this.#printed.push(result.stdout, result.stderr);
    return result;
  }

  #trapNow(): string {
    const names = [".", ...readdirSync(this.trap, { recursive: true, encoding: "utf8" }).toSorted()];
    const rows = names.map((name) => {
      const { mode, uid, gid, mtimeMs } = statSync(join(this.trap, name));
      return [name, mode, uid, gid, mtimeMs];
    });
    return JSON.stringify([rows, readFileSync(join(this.trap, "secret"), "utf8")]);
  }
}

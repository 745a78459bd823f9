import { BerthError } from "#base/errors.ts";
import type { Dial, Duplex } from "#host/http/duplex.ts";
import type { LocalPaths } from "../files/local-paths.ts";
import type { LocalTrees } from "../tree/local-trees.ts";
import type { NewFile } from "../files/new-file.ts";
import type { WatchedTrees } from "../files/watched-trees.ts";
import { BOOT_ID_PATH, identityText } from "../files/identity-text.ts";
import { nodeFs } from "./node-fs.ts";
import { StandardInput, StandardOutput } from "./standard-streams.ts";

type SignalName = `SIG${string}`;

/** The machine as a command-line program sees it: this process's streams, environment, files, signals and programs. */
export class ProcessIo {
  readonly programName: string;
  readonly env: Readonly<Record<string, string | undefined>> = process.env;
  readonly stdin = new StandardInput();
  readonly stdout = new StandardOutput(1);
  readonly stderr = new StandardOutput(2);
  readonly homeDirectory = process.env["HOME"] || "/root";
  readonly architecture = process.arch === "x64" ? "amd64" : process.arch;

  constructor(programName: string) {
    this.programName = programName;
  }

  /** Resolves when all that was said has been taken, or nobody reads it any more: before the process ends. */
  async written(): Promise<void> {
    await Promise.allSettled([this.stdout.written(), this.stderr.written()]);
  }

  get workingDirectory(): string {
    return process.cwd();
  }

  /**
   * {@link readFile} without what {@link nodeFs} or another thread costs, for what every command reads. Not for what others
   * cut short in place: the file is mapped.
   */
  readText(path: string): string | undefined {
    if (Bun.file(path).size === Infinity) return this.readFile(path); // a pipe cannot be opened twice
    try {
      return textOf(Bun.mmap(path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === "ENOENT" ? undefined : this.readFile(path); // what is empty cannot be mapped
    }
  }

  readFile(path: string): string | undefined {
    const bytes = this.readBytes(path);
    return bytes === undefined ? undefined : textOf(bytes);
  }

  readBytes(path: string): Uint8Array | undefined {
    if (!nodeFs().existsSync(path)) return undefined; // a thrown ENOENT costs more than the question
    try {
      return nodeFs().readFileSync(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw fileError("open", path, error);
    }
  }

  exists(path: string): boolean {
    return nodeFs().existsSync(path);
  }

  writeFile(path: string, content: string | Uint8Array, mode: number): void {
    const temporary = `${path}.${String(process.pid)}.tmp`;
    try {
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (folder !== "") nodeFs().mkdirSync(folder, { recursive: true, mode: 0o700 });
      nodeFs().writeFileSync(temporary, content, { mode });
      nodeFs().chmodSync(temporary, mode);
      nodeFs().renameSync(temporary, path);
    } catch (error) {
      nodeFs().rmSync(temporary, { force: true });
      throw fileError("open", path, error);
    }
  }

  removeFile(path: string): void {
    nodeFs().rmSync(path, { force: true });
  }

  /** Without what {@link nodeFs} costs, for the program's own help. */
  listFolder(path: string): readonly string[] {
    try {
      return [...new Bun.Glob("*").scanSync({ cwd: path, dot: true, onlyFiles: false })];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      throw fileError("open", path, error);
    }
  }

  makeFolder(path: string, mode: number): void {
    try {
      nodeFs().mkdirSync(path, { recursive: true, mode });
    } catch (error) {
      throw fileError("mkdir", path, error);
    }
  }

  user(): string {
    return String(process.getuid?.() ?? 0);
  }

  removeFolder(path: string): void {
    nodeFs().rmSync(path, { force: true, recursive: true });
  }

  /** See host/files/folder-identity.ts, without what {@link nodeFs} costs. */
  async folderIdentity(path: string): Promise<string | undefined> {
    try {
      const [stat, boot] = await Promise.all([Bun.file(path).stat(), Bun.file(BOOT_ID_PATH).text()]);
      if (!stat.isDirectory()) return undefined;
      // Some file systems put more than their own number into an inode's.
      return Number.isSafeInteger(stat.ino) ? identityText(boot, stat) : (await this.paths()).identity(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw fileError("stat", path, error);
    }
  }

  async paths(): Promise<LocalPaths> {
    const { LocalPaths } = await import("../files/local-paths.ts");
    return new LocalPaths();
  }

  async trees(): Promise<LocalTrees> {
    const { LocalTrees } = await import("../tree/local-trees.ts");
    return new LocalTrees();
  }

  async watchTrees(roots: readonly string[], isSkipped: (path: string) => boolean): Promise<WatchedTrees> {
    const { watchTrees } = await import("../files/watched-trees.ts");
    try {
      return watchTrees(roots, isSkipped);
    } catch (error) {
      throw fileError("watch", (error as NodeJS.ErrnoException).path ?? roots.join(", "), error);
    }
  }

  async readChunks(path: string): Promise<AsyncIterable<Uint8Array>> {
    const { readChunks } = await import("../files/file-reader.ts");
    async function* chunks(): AsyncGenerator<Uint8Array, void> {
      try {
        yield* readChunks(path);
      } catch (error) {
        throw fileError("open", path, error);
      }
    }
    return chunks();
  }

  async createFile(path: string): Promise<NewFile> {
    const { NewFile } = await import("../files/new-file.ts");
    return NewFile.create(path);
  }

  onSignal(signal: SignalName, handler: () => void): () => void {
    process.on(signal, handler);
    return () => process.off(signal, handler);
  }

  onExit(handler: () => void): () => void {
    process.on("exit", handler);
    return () => process.off("exit", handler);
  }

  suspend(): void {
    process.kill(process.pid, "SIGTSTP");
  }

  async runProgram(
    argv: readonly string[],
    stdin: string,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string } | undefined> {
    if (Bun.which(argv[0] ?? "") === null) return undefined;
    const child = Bun.spawn([...argv], { stdin: new TextEncoder().encode(stdin), stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  }

  async followProgram(
    argv: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    onLine: (line: string) => void,
  ): Promise<{ readonly exitCode: number; readonly stderr: string } | undefined> {
    if (Bun.which(argv[0] ?? "") === null) return undefined;
    const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...env } });
    const stderr = new Response(child.stderr).text();
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of child.stdout) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line);
      }
      if (rest !== "") onLine(rest);
    } catch (error) {
      child.kill();
      throw error;
    }
    return { exitCode: await child.exited, stderr: await stderr };
  }

  async runAttached(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
    const child = Bun.spawn([...argv], { stdio: ["inherit", "inherit", "inherit"], env: { ...env } });
    // What a terminal sends reaches both: the child decides.
    const ignored = (["SIGINT", "SIGQUIT"] as const).map((signal) => this.onSignal(signal, () => undefined));
    const sent = (["SIGHUP", "SIGTERM"] as const).map((signal) => this.onSignal(signal, () => child.kill(signal)));
    try {
      await child.exited;
    } finally {
      for (const stop of [...ignored, ...sent]) stop();
    }
    const { exitCode, signalCode } = child;
    const { constants } = await import("node:os");
    return exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode as NodeJS.Signals]);
  }

  dialProgram(argv: readonly string[]): Dial {
    return () => Promise.resolve(spawnDuplex(argv));
  }

  now(): number {
    return Date.now();
  }

  sleep(ms: number): Promise<void> {
    return Bun.sleep(ms);
  }
}

function spawnDuplex(argv: readonly string[]): Duplex {
  if (Bun.which(argv[0] ?? "") === null) {
    throw new BerthError("unavailable", `exec: "${argv[0] ?? ""}": executable file not found in $PATH`);
  }
  const child = Bun.spawn([...argv], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  let ended = false;
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? undefined : value;
    },
    async write(data) {
      if (ended) throw new BerthError("unavailable", "write: broken pipe", { details: { code: "EPIPE" } });
      void child.stdin.write(data);
      await child.stdin.flush();
    },
    async endWrite() {
      ended = true;
      await child.stdin.end();
    },
    close() {
      ended = true;
      child.kill();
    },
  };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

function fileError(verb: string, path: string, cause: unknown): BerthError {
  const { code } = cause as NodeJS.ErrnoException;
  const why: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EISDIR: "is a directory",
    ENOENT: "no such file or directory",
    ENOTDIR: "not a directory",
    EROFS: "read-only file system",
    ENOSPC: "no space left on device",
  };
  return new BerthError("invalid-parameter", `${verb} ${path}: ${why[code ?? ""] ?? String(cause)}`, { cause });
}

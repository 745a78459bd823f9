import type { Dial } from "#host/http/duplex.ts";

export type SignalName = `SIG${string}`;

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

export interface CliOutput {
  /** Returns when the bytes were taken; throws `cancelled` when the reader went away. */
  write(data: string | Uint8Array): void;
  isTerminal(): boolean;
  windowSize(): WindowSize | undefined;
}

export interface CliInput {
  isTerminal(): boolean;
  /** The next bytes; `undefined` at end of file. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Puts the terminal into raw mode; the result puts it back, and may be called twice. */
  makeRaw(): () => void;
  /** Every key is there as it is typed, and not shown; ctrl-C and ctrl-Z stay signals. The result as of `makeRaw`. */
  takeKeys(): () => void;
  /** Stops echo, for passwords. */
  hideEcho(): () => void;
}

export interface RunProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FollowedProgram {
  readonly exitCode: number;
  readonly stderr: string;
}

/** A file being written. */
export interface NewFile {
  write(chunk: Uint8Array): Promise<void>;
  /** Give it its name. */
  commit(): Promise<void>;
  /** Call in every case: takes away what was not committed. */
  close(): Promise<void>;
}

/** An archive being extracted on this machine. */
export interface LocalExtraction {
  push(chunk: Uint8Array): void;
  /** The archive has no more bytes; throws when it is cut off. */
  end(): void;
  /** Call in every case. */
  close(): void;
}

/** What paths of this machine name. Refusals are in Go's words, as docker prints them. */
export interface LocalPaths {
  /** Undefined when there is nothing. With `follow` what a symlink leads to. */
  kind(path: string, follow: boolean): "directory" | "file" | "symlink" | "device" | "other" | undefined;
  readLink(path: string): string;
  /** Every symlink followed. */
  realPath(path: string): string;
  /** Names in a folder. */
  names(path: string): readonly string[];
}

/** Files and folders of this machine, for copying. */
export interface LocalFiles extends LocalPaths {
  /** A path with all below it as a tar archive under the name `as`, a byte string. Each piece lasts until the next. */
  archive(
    path: string,
    as: string,
    onSkipped: (path: string, why: string) => void,
    /** Members that are left out. Names are byte strings. */
    skips?: (name: string, isFolder: boolean) => boolean,
  ): Iterable<Uint8Array>;
  /** Several files, each under its name in one archive; what went meanwhile is left out. */
  archiveAll(items: readonly { readonly path: string; readonly as: string }[]): Iterable<Uint8Array>;
  /** Extract into an existing directory, members' names (byte strings) changed by `rename`. */
  extract(directory: string, rename: (name: string) => string): LocalExtraction;
  /** Extract into a directory, which is made; whatever the archive's links say, nothing is written outside of it. */
  layOut(directory: string): LocalExtraction;
}

/** Files of this machine that are watched for changes. */
export interface FileChanges {
  /** Paths that changed since the last call, once nothing more has for `quietMs`; undefined after `close`. */
  next(quietMs: number): Promise<readonly string[] | undefined>;
  close(): void;
}

/** A person's machine, as far as the CLI touches it. The composition root builds it over the host layer. */
export interface CliIo {
  readonly programName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly homeDirectory: string;
  /** Of this machine, in Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly workingDirectory: string;
  /** `undefined` when there is no such file; other failures throw. */
  readFile(path: string): string | undefined;
  /** The same, at less cost for a command that reads nothing else. */
  readText(path: string): string | undefined;
  readBytes(path: string): Uint8Array | undefined;
  exists(path: string): boolean;
  /** Replaces the file at once (temporary file and rename), creating its folder. */
  writeFile(path: string, content: string | Uint8Array, mode: number): void;
  removeFile(path: string): void;
  /** Names in a folder, in no order; none when there is no such folder. */
  listFolder(path: string): readonly string[];
  /** With those above it; nothing when it is there. */
  makeFolder(path: string, mode: number): void;
  /** The person's number, as a container's `--user` takes it. */
  user(): string;
  /** With all that is in it; nothing when it is not there. */
  removeFolder(path: string): void;
  /** What tells a folder of this machine from every other; undefined when there is none. */
  folderIdentity(path: string): Promise<string | undefined>;
  /** Loaded when asked for. */
  paths(): Promise<LocalPaths>;
  /** Loaded when asked for: much more than {@link paths}. */
  trees(): Promise<LocalFiles>;
  /** Watch files and folders, but no folder that is skipped. A root that is missing is refused. */
  watchTrees(roots: readonly string[], isSkipped: (path: string) => boolean): Promise<FileChanges>;
  /** A file's bytes, piece by piece; each piece lasts until the next. Refusals are in Go's words. */
  readChunks(path: string): Promise<AsyncIterable<Uint8Array>>;
  /** A file that appears under its name, replacing what is there, when it is closed. */
  createFile(path: string): Promise<NewFile>;
  /** Calls `handler` for each delivery; the result stops that. */
  onSignal(signal: SignalName, handler: () => void): () => void;
  /** Calls `handler` when the process ends, however it comes to that but by SIGKILL; the result stops that. */
  onExit(handler: () => void): () => void;
  /** Stops this process as ctrl-Z does; returns when it goes on. */
  suspend(): void;
  /** Runs a program to its end. `undefined` when it is not installed. */
  runProgram(argv: readonly string[], stdin: string): Promise<RunProgramResult | undefined>;
  /**
   * Runs a program without input, each line of its standard output told as it comes; `env` is its whole environment.
   * Undefined when it is not installed.
   */
  followProgram(
    argv: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    onLine: (line: string) => void,
  ): Promise<FollowedProgram | undefined>;
  /**
   * Runs a program on this process's own streams and terminal, with `env` as its whole environment; signals go on to it.
   * Resolves to its exit code, 128 and the signal's number when one ended it.
   */
  runAttached(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>;
  /** A connection through a program's stdin and stdout (ssh). */
  dialProgram(argv: readonly string[]): Dial;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

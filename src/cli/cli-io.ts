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
  /** Stops echo, for passwords. */
  hideEcho(): () => void;
}

export interface RunProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
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
  readBytes(path: string): Uint8Array | undefined;
  exists(path: string): boolean;
  /** Replaces the file at once (temporary file and rename), creating its folder. */
  writeFile(path: string, text: string, mode: number): void;
  removeFile(path: string): void;
  /** Calls `handler` for each delivery; the result stops that. */
  onSignal(signal: SignalName, handler: () => void): () => void;
  /** Runs a program to its end. `undefined` when it is not installed. */
  runProgram(argv: readonly string[], stdin: string): Promise<RunProgramResult | undefined>;
  /** A connection through a program's stdin and stdout (ssh). */
  dialProgram(argv: readonly string[]): Dial;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

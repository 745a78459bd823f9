import { ProcessIo } from "#host/terminal/process-io.ts";

/** A command line's surroundings that keep what it writes and answer its questions with `input`. */
export class RecordingIo extends ProcessIo {
  readonly #input: string[];
  readonly texts = { stdout: "", stderr: "" };
  override readonly env: Readonly<Record<string, string | undefined>>;
  override readonly stdout = recording(1, (text) => (this.texts.stdout += text));
  override readonly stderr = recording(2, (text) => (this.texts.stderr += text));
  override readonly stdin = Object.assign(new ProcessIo("docker").stdin, {
    read: async () => {
      const next = this.#input.shift();
      return next === undefined ? undefined : Buffer.from(next);
    },
  });

  constructor(env: Readonly<Record<string, string | undefined>>, input = "") {
    super("docker");
    this.env = env;
    this.#input = input === "" ? [] : [input];
  }
}

function recording(fd: 1 | 2, record: (text: string) => void): ProcessIo["stdout"] {
  const io = new ProcessIo("docker");
  const write = (data: string | Uint8Array): void =>
    record(typeof data === "string" ? data : new TextDecoder().decode(data));
  return Object.assign(fd === 1 ? io.stdout : io.stderr, {
    write,
    isTerminal: () => false,
    windowSize: () => undefined,
  });
}

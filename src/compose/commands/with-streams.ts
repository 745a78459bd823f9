import type { CliIo, CliOutput } from "#cli/cli-io.ts";

/** The same machine with other streams or variables. */
export const withStreams = (io: CliIo, own: Partial<Pick<CliIo, "stdin" | "stdout" | "stderr" | "env">>): CliIo =>
  new Proxy(io, {
    get(target, key) {
      if (key in own) return own[key as keyof typeof own];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });

/** Takes everything and shows nothing of it. */
export const silent = (output: CliOutput): CliOutput => ({
  write: () => undefined,
  isTerminal: () => output.isTerminal(),
  windowSize: () => output.windowSize(),
});

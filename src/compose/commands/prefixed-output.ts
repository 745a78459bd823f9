import type { CliOutput } from "#cli/cli-io.ts";

/** An output whose lines begin with `prefix`; what has no end yet waits. Empty lines stay empty. */
export function prefixedOutput(output: CliOutput, prefix: string): CliOutput {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    write(data) {
      const lines = (rest + (typeof data === "string" ? data : decoder.decode(data, { stream: true }))).split("\n");
      rest = lines.pop() ?? "";
      output.write(lines.map((line) => (line === "" ? "\n" : `${prefix}${line}\n`)).join(""));
    },
    isTerminal: () => false,
    windowSize: () => undefined,
  };
}

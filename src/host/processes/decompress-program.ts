import { BerthError } from "#base/errors.ts";

/**
 * Decompress a stream with the machine's xz(1) or bzip2(1), which run without any right to a file of theirs but the pipe.
 * A chunk is the receiver's. `not-implemented` when the program is not installed, `data-loss` for damaged input.
 */
export async function* decompressWithProgram(
  name: "xz" | "bzip2",
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const program = Bun.which(name);
  if (program === null) {
    throw new BerthError("not-implemented", `the archive is compressed with ${name}: install ${name} or decompress it`);
  }
  const child = Bun.spawn([program, "-d", "-c"], {
    env: { LC_ALL: "C" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const complaint = child.stderr.text();
  let sourceError: Error | undefined;
  const feeding = (async () => {
    try {
      for await (const chunk of source) {
        await child.stdin.write(chunk);
        await child.stdin.flush();
      }
    } catch (error) {
      // A program that ended early told why.
      if (child.exitCode === null) sourceError = error instanceof Error ? error : new Error(String(error));
    }
    await Promise.resolve(child.stdin.end()).catch(() => undefined);
  })();
  try {
    for await (const chunk of child.stdout) yield chunk;
    await feeding;
    if (sourceError !== undefined) throw sourceError;
    if ((await child.exited) !== 0) throw new BerthError("data-loss", (await complaint).split("\n")[0] ?? name);
  } finally {
    child.kill("SIGKILL");
  }
}

const maxOutputBytes = 8 << 20;
const timeoutMs = 10_000;

export interface PsOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  /** The first line of what it complained about. */
  readonly complaint: string;
}

/** The host's ps(1) with these arguments; no shell reads them. Undefined when it is not installed. */
export async function runPs(args: readonly string[]): Promise<PsOutcome | undefined> {
  const program = Bun.which("ps");
  if (program === null) return undefined;
  const child = Bun.spawn([program, ...args], {
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    maxBuffer: maxOutputBytes,
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, complaint: stderr.split("\n")[0] ?? "" };
}

/** What one test of the suite said: TAP on stdout, whatever else it had to say on stderr. */
export interface TapResult {
  readonly verdict: "pass" | "fail" | "skip";
  /** Points that held, points that did not, points left out. */
  readonly ok: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/**
 * Judge a test. A point fails by its `not ok` line; a test that ends with a code fails too, by what it printed last. Some
 * tests make no points: they print details, in YAML, only when something is wrong. Details come along on one line.
 */
export function judge(run: { readonly code: number; readonly stdout: string; readonly stderr: string }): TapResult {
  const lines = run.stdout.split("\n");
  let [ok, skipped] = [0, 0];
  const failures: string[] = [];
  for (const [index, line] of lines.entries()) {
    const match = /^(not )?ok \d+ ?(?:- )?(.*)$/u.exec(line);
    if (match === null) continue;
    const [, bad, text = ""] = match;
    if (/# skip/iu.test(text)) skipped++;
    else if (bad === undefined) ok++;
    else failures.push(`${text} ${details(lines.slice(index + 1))}`.trim());
  }
  if (run.code !== 0) failures.push(`ended with ${String(run.code)}: ${lastLines(run.stderr)}`);
  const points = ok + skipped + failures.length;
  const pointless = lines.findIndex((line) => line.trim() === "---");
  if (points === 0 && pointless >= 0) failures.push(details(lines.slice(pointless)));
  const left = skipped > 0 && ok === 0;
  return { verdict: failures.length > 0 ? "fail" : left ? "skip" : "pass", ok, skipped, failures };
}

const detailLength = 240;

function details(lines: readonly string[]): string {
  if (lines[0]?.trim() !== "---") return "";
  const end = lines.findIndex((line, index) => index > 0 && line.trim() === "...");
  const text = lines.slice(1, end < 0 ? undefined : end).map((line) => line.trim());
  const telling = text.filter((line) => !/^["']?(?:reference|level|stdout)["']?:|^[{}]?$/u.test(line)).join("; ");
  return `(${telling.length > detailLength ? `${telling.slice(0, detailLength)} …` : telling})`;
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-3).join(" | ") || "nothing on stderr";
}

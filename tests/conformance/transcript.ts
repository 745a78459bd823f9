/**
 * What a person types and what comes back, as plain text files that every pair of engine and client must agree with:
 *
 *     == title                        a case of its own; every container is removed after it
 *     == title // reason              the same, but not on the reference engine, for that reason
 *     $ ps -a --format '{{.Names}}'   arguments of the client; quotes as in a shell
 *     % cat "$SCRATCH/cid"            a shell line beside it; $CLI is the client, also in the lines of the client
 *     < words                         a line of standard input for the command above
 *     box                             a line of standard output
 *     ! No such container             a line of standard error
 *     ? 1                             the exit code when it is not 0
 *     ~ …                             the whole outcome once more, a line each, where the reference engine's differs; ~ alone: nothing
 *
 * Output is compared after {@link normalised}.
 */
export interface Transcript {
  readonly title: string;
  /** Why the reference engine cannot play it. */
  readonly notOnReference: string | undefined;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly kind: "client" | "shell";
  /** The line as it stands in the file. */
  readonly line: string;
  readonly stdin: string;
  readonly outcome: readonly string[];
  /** Undefined where both engines give {@link outcome}. */
  readonly referenceOutcome: readonly string[] | undefined;
}

/** Throws with the number of a line that stands outside a case or command. */
export function parseTranscripts(text: string): readonly Transcript[] {
  const found: { title: string; notOnReference: string | undefined; steps: MutableStep[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const current = found.at(-1);
    if (line.startsWith("== ")) {
      const [title = "", reason] = line.slice(3).split(" // ");
      found.push({ title, notOnReference: reason, steps: [] });
    } else if (current !== undefined && /^[$%] /u.test(line)) {
      const kind = line.startsWith("$") ? "client" : "shell";
      current.steps.push({ kind, line: line.slice(2), stdin: "", outcome: [], referenceOutcome: undefined });
    } else {
      const step = current?.steps.at(-1);
      if (step === undefined) throw new Error(`line ${index + 1} belongs to no command: ${line}`);
      if (line.startsWith("< ")) step.stdin += `${line.slice(2)}\n`;
      else if (line === "~") step.referenceOutcome = [];
      else if (line.startsWith("~ ")) (step.referenceOutcome ??= []).push(line.slice(2));
      else step.outcome.push(line);
    }
  }
  return found;
}

interface MutableStep extends Step {
  stdin: string;
  readonly outcome: string[];
  referenceOutcome: string[] | undefined;
}

/** The words of a line: blanks part them, '…' and "…" keep them together, \ keeps one character. */
export function shellWords(line: string): readonly string[] {
  const word = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gu;
  return (line.match(word) ?? []).map((found) =>
    found.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gu, (_all, single, double, escaped) =>
      String(single ?? (double as string | undefined)?.replaceAll(/\\(["\\$])/gu, "$1") ?? escaped),
    ),
  );
}

/** What our client adds to a pull that failed, see docs/differences.md; tests/engine/own-why is about it. */
const ownHint = /^Run '<client> why .+' for the reason and what to do$/u;

/** Lines of an outcome as a transcript writes them; `names` are texts of this run and what stands for them. */
export function outcomeLines(
  result: { readonly code: number; readonly stdout: string; readonly stderr: string },
  names: readonly (readonly [text: string, name: string])[],
): readonly string[] {
  const lines = (text: string): string[] =>
    normalised(names.reduce((named, [found, name]) => named.replaceAll(found, name), text))
      .split("\n")
      .filter((line) => line !== "" && !ownHint.test(line));
  return [
    ...lines(result.stdout),
    ...lines(result.stderr).map((line) => `! ${line}`),
    ...(result.code === 0 ? [] : [`? ${result.code}`]),
  ];
}

/** Takes out what differs from run to run: ids, times, durations, addresses, widths of columns, the client's name. */
function normalised(text: string): string {
  return text
    .replaceAll("\r", "<cr>")
    .replaceAll(/\b[0-9a-f]{64}\b/gu, "<id>")
    .replaceAll(/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b/gu, "<short>")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d(?: [A-Z]+)?)/gu, "<time>")
    .replaceAll(
      /Less than a second|About a minute|About an hour|\b\d+ (?:second|minute|hour|day|week)s?\b/gu,
      "<duration>",
    )
    .replaceAll(/\b172\.31\.\d+\.\d+\b/gu, "<ip>")
    .replaceAll(/\b(?:berth|docker)\b/gu, "<client>")
    .replaceAll(/ {2,}/gu, "  ")
    .replaceAll(/ +$/gmu, "");
}

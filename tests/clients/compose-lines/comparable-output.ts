/** What differs in any line, by the name of its row in docs/differences.md; it is taken out of both outputs. */
const everywhere: Readonly<Record<string, (text: string) => string>> = {
  "control sequences where there is no terminal": (text) => text.replaceAll(/\u001B\[(?:2K|31m|0m)/gu, ""),
  "names of volumes in progress": (text) => text.replaceAll(/^( (?:DRY-RUN MODE - {2})?Volume )"(\S+)"/gmu, "$1$2"),
  "a service that is not in the file": (text) => text.replaceAll(/(no such service: \S+): not found/gu, "$1"),
};

/** docker compose 2.26 has a code for each kind of mistake. */
const kindsOfMistakes = "exit codes 14 to 18";

export const everywhereNames: readonly string[] = [...Object.keys(everywhere), kindsOfMistakes];

/** Codes of mistakes that younger versions end with 1 at. */
export const comparableCode = (code: number): number => (code >= 14 && code <= 18 ? 1 : code);

/** Output of either tool without what differs from run to run: ids, times, random names, the order of what goes on at once. */
export function comparableOutput(text: string): string {
  const plain = Object.values(everywhere)
    .reduce((all, change) => change(all), text.replaceAll(/\r|\^@/gu, ""))
    .replaceAll(/^time="[^"]*" /gmu, "")
    .replaceAll(/\b[0-9a-f]{64}\b/gu, "ID")
    .replaceAll(/\b[0-9a-f]{14}…/gu, "ID…")
    .replaceAll(/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b/gu, "ID")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d(?: [A-Z]+)?)?/gu, "TIME")
    .replaceAll(
      /Less than a second|About a minute|About an hour|\b\d+ (?:second|minute|hour|day|week|month|year)s?\b/gu,
      "DURATION",
    )
    .replaceAll(/(?<=orphan containers \(\[)[^\]]+/gu, (names) => names.split(" ").toSorted().join(" "))
    // Widths of columns hang on the durations in them.
    .replaceAll(/(?<=\S) {2,}/gu, " ")
    .replaceAll(/ +$/gmu, "");
  const lines = plain
    .split("\n")
    .filter((line) => line !== "")
    .map(inKeyOrder);
  const isMoving = (line: string): boolean => subjectOf(line) !== "";
  return [...bySubject(lines.filter(isMoving)), ...lines.filter((line) => !isMoving(line))].join("\n");
}

/** Whose line it is, where several go on at once: a container's progress, or its output. */
const subjectOf = (line: string): string =>
  /^ (?:DRY-RUN MODE - )?(?:(?:Container|Network|Volume|Image) \S+|\S+ copy \S+ to \S+)|^\S+ +\| /u.exec(line)?.[0] ??
  "";

/** Lines of one keep their order. */
const bySubject = (lines: readonly string[]): readonly string[] =>
  [...Map.groupBy(lines, subjectOf)].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => own);

/** Keys of JSON, labels and attributes have no order; the tool's version is its own. */
function inKeyOrder(line: string): string {
  if (/^[[{]/u.test(line)) {
    try {
      return JSON.stringify(sorted(JSON.parse(line)));
    } catch {
      return line;
    }
  }
  return line.replace(/\(([^()]*=[^()]*)\)$/u, (_all, list: string) => `(${list.split(", ").toSorted().join(", ")})`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, listed.has(key) && typeof each === "string" ? sortedList(each) : sorted(each)]),
  );
}

/** Keys of `ps` whose text is what a map had, in any order. */
const listed = new Set(["Labels", "Networks"]);

const sortedList = (text: string): string =>
  text
    .split(",")
    .filter((one) => !one.startsWith("com.docker.compose.version="))
    .toSorted()
    .join(",");

import { invalid } from "#base/errors.ts";
import type { TopResponse } from "#spec/docker/container.ts";

/** docker-compat: a column must not pass itself off as the pid. `invalid-parameter` in Docker's words. */
export function checkPsArgs(psArgs: string): void {
  for (const [, name = "", title = ""] of psArgs.matchAll(/\s+(\S*)=\s*(PID\S*)/gu))
    if (name !== "pid") throw invalid(`specifying "${name}=${title}" is not allowed`);
}

/**
 * The table that ps printed, without processes that are not wanted. The last column takes all words that are left.
 * `invalid-parameter` in Docker's words when there is no column of pids.
 */
export function parsePsOutput(text: string, wanted: ReadonlySet<number>): TopResponse {
  const [header = "", ...lines] = text.split("\n");
  const titles = wordsOf(header);
  const pidColumn = titles.indexOf("PID");
  if (pidColumn < 0) throw invalid("Couldn't find PID field in ps output");
  const processes: (readonly string[])[] = [];
  let ofWanted = false;
  for (const line of lines) {
    const words = wordsOf(line);
    if (words.length === 0) continue;
    const pid = words[pidColumn] ?? "";
    // A thread's line has no pid of its own: it belongs to the process above it.
    if (pid !== "-") {
      if (!/^\d+$/u.test(pid))
        throw invalid(`Unexpected pid '${pid}': strconv.Atoi: parsing ${JSON.stringify(pid)}: invalid syntax`);
      ofWanted = wanted.has(Number(pid));
    }
    if (ofWanted) processes.push([...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(" ")]);
  }
  return { Titles: titles, Processes: processes };
}

const wordsOf = (line: string): readonly string[] => line.split(/\s+/u).filter((word) => word !== "");

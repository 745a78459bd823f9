import { BerthError } from "#base/errors.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import { schedGetaffinity } from "#host/kernel/syscalls.ts";
import type { TopResponse } from "#spec/docker/container.ts";

interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  readonly state: string;
  readonly terminal: string;
  readonly cpuTicks: number;
  readonly startTicks: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
  readonly command: string;
  readonly argv: string;
}

/** proc(5): clock ticks are 1/100 s on every Linux that containers run on. */
const ticksPerSecond = 100;
const pageBytes = 4096;

interface Column {
  readonly title: string;
  readonly value: (facts: ProcessFacts, machine: MachineTimes) => string;
}

interface MachineTimes {
  readonly bootSeconds: number;
  readonly nowSeconds: number;
  readonly memoryBytes: number;
  readonly users: ReadonlyMap<number, string>;
}

const columns: Readonly<Record<string, Column>> = {
  user: { title: "USER", value: ({ uid }, { users }) => users.get(uid) ?? String(uid) },
  uid: { title: "UID", value: ({ uid }, { users }) => users.get(uid) ?? String(uid) },
  pid: { title: "PID", value: ({ pid }) => String(pid) },
  ppid: { title: "PPID", value: ({ parentPid }) => String(parentPid) },
  c: { title: "C", value: (facts, times) => String(Math.trunc(cpuPercent(facts, times))) },
  pcpu: { title: "%CPU", value: (facts, times) => cpuPercent(facts, times).toFixed(1) },
  pmem: {
    title: "%MEM",
    value: ({ residentPages }, { memoryBytes }) => ((residentPages * pageBytes * 100) / memoryBytes).toFixed(1),
  },
  vsz: { title: "VSZ", value: ({ virtualBytes }) => String(Math.trunc(virtualBytes / 1024)) },
  rss: { title: "RSS", value: ({ residentPages }) => String((residentPages * pageBytes) / 1024) },
  tty: { title: "TTY", value: ({ terminal }) => terminal },
  stat: { title: "STAT", value: ({ state }) => state },
  stime: { title: "STIME", value: (facts, times) => startText(facts, times) },
  start: { title: "START", value: (facts, times) => startText(facts, times) },
  time: { title: "TIME", value: ({ cpuTicks }) => clockText(cpuTicks / ticksPerSecond) },
  comm: { title: "COMMAND", value: ({ command }) => command },
  cmd: { title: "CMD", value: ({ argv }) => argv },
  args: { title: "COMMAND", value: ({ argv }) => argv },
};

const full = ["uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd"];
const bsd = ["user", "pid", "pcpu", "pmem", "vsz", "rss", "tty", "stat", "start", "time", "args"];
const aliases: Readonly<Record<string, string>> = {
  "%cpu": "pcpu",
  "%mem": "pmem",
  command: "args",
  ucmd: "comm",
  tt: "tty",
  s: "stat",
};

/**
 * What `ps` says about some processes, read from /proc. Known are `-ef`, `aux` and `-o` with the names of
 * {@link columns}; `invalid-parameter` naming what is not.
 */
export function procFsTable(pids: readonly number[], psArgs: string): TopResponse {
  const chosen = columnsOf(psArgs);
  const times = machineTimes();
  const rows = pids
    .toSorted((a, b) => a - b)
    .map(readFacts)
    .filter((facts) => facts !== undefined);
  return {
    Titles: chosen.map(({ title }) => title),
    Processes: rows.map((facts) => chosen.map(({ value }) => value(facts, times))),
  };
}

function columnsOf(psArgs: string): readonly Column[] {
  const words = psArgs.trim().split(/\s+/);
  const names: string[] = [];
  let preset: readonly string[] = ["pid", "tty", "time", "comm"];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "-o" || word === "o" || word === "-eo") names.push(...(words[++index] ?? "").split(","));
    else if (/^-?(o|eo)./.test(word)) names.push(...word.replace(/^-?e?o=?/, "").split(","));
    else if (/^-e?f[ew]*$/.test(word) || /^-(ef|fe)w*$/.test(word)) preset = full;
    else if (/^-?(au?x|ux|xu|axu)w*$/.test(word)) preset = bsd;
    else if (!/^-?[eAw]*$/.test(word)) throw new BerthError("invalid-parameter", `ps: unknown option: ${word}`);
  }
  return (names.length > 0 ? names : preset).map((name) => {
    const key = name.toLowerCase().replace(/=.*$/, "");
    const column = columns[aliases[key] ?? key];
    if (column === undefined)
      throw new BerthError("invalid-parameter", `ps: error: unknown user-defined format specifier "${name}"`);
    return column;
  });
}

/** undefined when the process has ended meanwhile. */
function readFacts(pid: number): ProcessFacts | undefined {
  const stat = readProc(pid, "stat");
  const status = readProc(pid, "status");
  if (stat === undefined || status === undefined) return undefined;
  const close = stat.lastIndexOf(")");
  const fields = stat.slice(close + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  const command = stat.slice(stat.indexOf("(") + 1, close);
  const argv = (readProc(pid, "cmdline") ?? "").replace(/\0$/, "").replaceAll("\0", " ");
  return {
    pid,
    parentPid: field(4),
    uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    state: fields[0] ?? "",
    terminal: terminalName(field(7)),
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    virtualBytes: field(23),
    residentPages: field(24),
    command,
    argv: argv === "" ? `[${command}]` : argv,
  };
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readTextFileMaybe(`/proc/${pid}/${name}`, 256 * 1024);
  } catch {
    // ESRCH: it ended between open and read.
    return undefined;
  }
}

/** tty_nr of proc_pid_stat(5): unix98 ptys have majors 136 to 143. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  return major === 4 ? `tty${minor}` : "?";
}

function machineTimes(): MachineTimes {
  const uptime = Number((readTextFileMaybe("/proc/uptime", 256) ?? "0").split(" ")[0]);
  const nowSeconds = Date.now() / 1000;
  const kilobytes = Number(/^MemTotal:\s+(\d+)/m.exec(readTextFileMaybe("/proc/meminfo", 64 << 10) ?? "")?.[1] ?? 1);
  const users = new Map<number, string>();
  for (const line of (readTextFileMaybe("/etc/passwd", 4 << 20) ?? "").split("\n")) {
    const [name, , uid] = line.split(":");
    if (name !== undefined && uid !== undefined && !users.has(Number(uid))) users.set(Number(uid), name);
  }
  return { bootSeconds: nowSeconds - uptime, nowSeconds, memoryBytes: kilobytes * 1024, users };
}

function cpuPercent({ cpuTicks, startTicks }: ProcessFacts, { bootSeconds, nowSeconds }: MachineTimes): number {
  const age = nowSeconds - bootSeconds - startTicks / ticksPerSecond;
  return age <= 0 ? 0 : Math.min(100 * schedGetaffinity().length, (cpuTicks / ticksPerSecond / age) * 100);
}

/** The time of day, or the day when it was not today. */
function startText({ startTicks }: ProcessFacts, { bootSeconds, nowSeconds }: MachineTimes): string {
  const start = new Date((bootSeconds + startTicks / ticksPerSecond) * 1000);
  if (new Date(nowSeconds * 1000).toDateString() === start.toDateString()) {
    return `${String(start.getHours()).padStart(2, "0")}:${String(start.getMinutes()).padStart(2, "0")}`;
  }
  return `${start.toLocaleString("en-US", { month: "short" })}${String(start.getDate()).padStart(2, "0")}`;
}

function clockText(seconds: number): string {
  const part = (value: number): string => String(Math.trunc(value)).padStart(2, "0");
  return `${part(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}

import { parseTime } from "#base/time.ts";
import { binarySize, formatDuration, humanDuration } from "#base/units.ts";
import type { ContainerHealth } from "#spec/docker/container.ts";
import type { ExitReport, WhyResponse } from "#spec/berth/exit-report.ts";

/**
 * What is known of a container's ends, for people: the newest in full, the earlier ones in a line each.
 */
export function whyText({ Id, Name, State, Exits }: WhyResponse, nowNs: bigint): string {
  const [newest, ...earlier] = Exits;
  const ago = (time: string): string => `${humanDuration(Number((nowNs - parseTime(time)) / 1_000_000n))} ago`;
  const lines = [`${Name} (${Id.slice(0, 12)}) ${stateText(State, ago)}`];
  if (State?.Health !== undefined && State.Status === "running") lines.push(...healthLines(State.Health));
  if (newest === undefined) return `${[...lines, "It has not ended yet."].join("\n")}\n`;
  lines.push(
    "",
    newest.Kind === "exit" ? `Last end, ${ago(newest.FinishedAt)}:` : `Last start, ${ago(newest.FinishedAt)}:`,
  );
  lines.push(...reportLines(newest));
  if (earlier.length > 0) {
    lines.push("", "Before that:");
    for (const { FinishedAt, Reason } of earlier) lines.push(`  ${shortTime(FinishedAt)}  ${Reason}`);
  }
  return `${lines.join("\n")}\n`;
}

function stateText(state: WhyResponse["State"], ago: (time: string) => string): string {
  if (state === undefined) return "has been removed";
  return state.Status === "running" ? `runs, started ${ago(state.StartedAt)}` : `is ${state.Status}`;
}

function reportLines(report: ExitReport): string[] {
  const field = (name: string, value: string): string => `  ${name.padEnd(10)} ${value}`;
  const lines = [field("Why", report.Reason), field("Code", codeText(report))];
  lines.push(field("Command", report.Command.join(" ")), field("Image", report.Image));
  if (report.Kind === "exit") lines.push(field("Ran", ranText(report)));
  if (report.StoppedBy !== undefined) {
    const { By, Signal, At } = report.StoppedBy;
    lines.push(field("Signal", `${Signal} by ${By} at ${shortTime(At)}`));
  }
  if (report.Memory !== undefined) lines.push(field("Memory", memoryText(report.Memory)));
  for (const { Name, Pid, ResidentBytes, At } of report.Memory?.Killed ?? []) {
    lines.push(field("Killed", `${Name} (pid ${Pid}), ${binarySize(ResidentBytes)} resident, at ${shortTime(At)}`));
  }
  const restarts = report.RestartCount === 0 ? "" : `, restarted ${report.RestartCount} times before`;
  lines.push(field("Restart", `${report.RestartPolicy}${restarts}`));
  if (report.Health !== undefined) lines.push(...healthLines(report.Health));
  if (report.LastOutput.length > 0)
    lines.push("  Last output", ...report.LastOutput.map((line) => `    ${printable(line)}`));
  return lines;
}

function codeText({ ExitCode, Signal }: ExitReport): string {
  return Signal === "" ? String(ExitCode) : `${ExitCode} (${Signal})`;
}

function ranText({ StartedAt, FinishedAt }: ExitReport): string {
  const ran = parseTime(FinishedAt) - parseTime(StartedAt);
  return `${formatDuration(ran - (ran % 1_000_000n))}, ${shortTime(StartedAt)} to ${shortTime(FinishedAt)}`;
}

function memoryText({ LimitBytes, PeakBytes }: NonNullable<ExitReport["Memory"]>): string {
  const limit = LimitBytes === 0 ? "no limit" : `limit ${binarySize(LimitBytes)}`;
  return PeakBytes === 0 ? limit : `${limit}, at most ${binarySize(PeakBytes)} used`;
}

function healthLines({ Status, FailingStreak, Log }: ContainerHealth): string[] {
  const streak = FailingStreak === 0 ? "" : `, ${FailingStreak} failures in a row`;
  return [
    `  Health     ${Status}${streak}`,
    ...Log.map(({ Start, ExitCode, Output }) => `    ${shortTime(Start)} ${ExitCode}: ${printable(Output.trim())}`),
  ];
}

export const shortTime = (time: string): string => time.replace(/\.\d+Z$/, "Z");

/** What a container wrote must not steer the terminal of who asks. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (character) =>
    JSON.stringify(character).slice(1, -1),
  );
}

import { BerthError } from "#base/errors.ts";
import { humanDuration } from "#base/units.ts";
import { alignTable } from "#cli/format/table.ts";
import type { ContainerSchedule, ScheduledRun } from "#spec/berth/schedule.ts";
import { label } from "../engine/labels.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { openProjectName } from "./session.ts";

interface ServiceSchedule {
  readonly service: string;
  readonly schedule: ContainerSchedule;
}

/** Of the project's containers, and of the services named, when some are. */
async function schedulesOf(invocation: ComposeInvocation): Promise<readonly ServiceSchedule[]> {
  const { args } = invocation;
  const { name } = await openProjectName(invocation);
  const all = await (await invocation.client()).system.schedules();
  const own = all
    .filter(({ Labels }) => Labels[label.project] === name)
    .map((schedule) => ({ service: schedule.Labels[label.service] ?? "", schedule }));
  const missing = args.find((wanted) => own.every(({ service }) => service !== wanted));
  if (missing !== undefined)
    throw new BerthError("not-found", `no container of service ${JSON.stringify(missing)} has a schedule`, {
      hint: "It is given by x-schedule, and made by `up`.",
    });
  return args.length === 0 ? own : own.filter(({ service }) => args.includes(service));
}

/** `schedule ls`: when each is due, and how the last start went. */
export const listSchedules: ComposeHandler = async (invocation) => {
  const { flags, io } = invocation;
  const found = await schedulesOf(invocation);
  if (flags.text("format") === "json") {
    io.stdout.write(`${JSON.stringify(found.map(({ service, schedule }) => ({ Service: service, ...schedule })))}\n`);
    return 0;
  }
  const now = io.now();
  const rows = found.map(({ service, schedule: { Name, Schedule, Next, Runs } }) => {
    const [last] = Runs;
    const next = Next === null ? "never" : `in ${humanDuration(Math.max(0, Date.parse(Next) - now))}`;
    const before = last === undefined ? "" : `${humanDuration(now - Date.parse(last.Due))} ago`;
    return [service, Name, Schedule, next, before, last === undefined ? "" : resultOf(last)].join("\t");
  });
  io.stdout.write(alignTable(["SERVICE\tCONTAINER\tSCHEDULE\tNEXT\tLAST\tRESULT", ...rows, ""].join("\n")));
  return 0;
};

/** `schedule history`: the starts of each, the newest first. */
export const scheduleHistory: ComposeHandler = async (invocation) => {
  const { flags, io } = invocation;
  const runs = (await schedulesOf(invocation))
    .flatMap(({ service, schedule: { Name, Runs } }) =>
      Runs.map((run) => ({ Service: service, Container: Name, ...run })),
    )
    .toSorted((a, b) => (a.Due < b.Due ? 1 : a.Due > b.Due ? -1 : 0));
  if (flags.text("format") === "json") {
    io.stdout.write(`${JSON.stringify(runs)}\n`);
    return 0;
  }
  const rows = runs.map((run) => [run.Service, run.Container, run.Due, durationOf(run), resultOf(run)].join("\t"));
  io.stdout.write(alignTable(["SERVICE\tCONTAINER\tDUE\tDURATION\tRESULT", ...rows, ""].join("\n")));
  return 0;
};

/** `schedule run SERVICE`: now, whatever its schedule says; it goes into the history. */
export const runScheduled: ComposeHandler = async (invocation) => {
  const own = await schedulesOf(invocation);
  const { system } = await invocation.client();
  for (const { schedule } of own) {
    await system.startScheduled(schedule.Id);
    invocation.io.stdout.write(`${schedule.Name}\n`);
  }
  return 0;
};

function durationOf({ Started, Ended }: ScheduledRun): string {
  if (Started === null || Ended === null) return "";
  return `${((Date.parse(Ended) - Date.parse(Started)) / 1000).toFixed(1)}s`;
}

function resultOf({ Outcome, ExitCode, Message }: ScheduledRun): string {
  switch (Outcome) {
    case "ended":
      return ExitCode === 0 ? "ok" : `exit code ${ExitCode ?? "unknown"}`;
    case "failed":
      return `failed: ${Message}`;
    case "skipped":
      return "skipped: it still ran";
    case "missed":
      return "missed: the engine was away";
    case "lost":
      return "lost: nobody saw its end";
    case "running":
      return "running";
  }
}

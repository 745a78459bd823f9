import { Cron } from "croner";
import { BerthError, messageOf } from "./errors.ts";

/** Times that a line of cron names. */
export interface CronTimes {
  /** The first after a moment, in milliseconds since 1970; undefined when none comes any more. */
  next(afterMs: number): number | undefined;
}

/**
 * `MINUTE HOUR DAY MONTH WEEKDAY`, with seconds in front when there are six, or `@daily` and the like; `CRON_TZ=ZONE` before it
 * names the zone, which is otherwise this machine's. A time that a change of clocks skips comes right after it.
 * `invalid-parameter` for anything else, and for what never comes.
 */
export function parseCron(text: string): CronTimes {
  const [, zone, line = ""] = /^\s*(?:CRON_TZ=(\S+)\s+)?(.*?)\s*$/u.exec(text) ?? [];
  try {
    const cron = new Cron(line, { paused: true, ...(zone === undefined ? {} : { timezone: zone }) });
    const next = (afterMs: number): number | undefined => cron.nextRun(new Date(afterMs))?.getTime();
    if (next(Date.UTC(2000, 0)) === undefined) throw new Error("it names no time");
    return { next };
  } catch (error) {
    const why = messageOf(error).replace(/^CronPattern: /u, "");
    throw new BerthError("invalid-parameter", `invalid schedule ${JSON.stringify(text)}: ${why}`, {
      hint: "It is written MINUTE HOUR DAY MONTH WEEKDAY, as in 30 3 * * *.",
    });
  }
}

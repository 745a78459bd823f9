import { oneOf, text, textLike } from "../shape/scalars.ts";
import { record, short, type RecordOf } from "../shape/collections.ts";
import { mappingNode } from "../source/node.ts";

/** Whether it names times is the engine's to say: this tells typing errors with their place. */
const isCron = (written: string): boolean => /^(?:@[a-z]+|\S+(?:\s+\S+){4,5})$/iu.test(written.trim());

const fields = {
  cron: textLike("a line of cron: MINUTE HOUR DAY MONTH WEEKDAY", isCron),
  timezone: text,
  /** What was due while the engine was away. */
  missed: oneOf("skip", "run"),
} as const;

export type ServiceSchedule = RecordOf<typeof fields>;

/** `x-schedule` of a service, Berth's own: the engine starts it at these times. A text is its line of cron. */
export const schedule = short(record(fields, { required: ["cron"] }), (node) =>
  node.kind === "scalar" ? mappingNode([["cron", node]], node.at) : undefined,
);

/** As the engine reads it; empty without a schedule. */
export const scheduleText = (written: ServiceSchedule | undefined): string =>
  written === undefined
    ? ""
    : `${written.timezone === undefined ? "" : `CRON_TZ=${written.timezone} `}${(written.cron ?? "").trim()}`;

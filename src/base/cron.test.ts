import { expect, test } from "bun:test";
import { parseCron } from "./cron.ts";

const next = (text: string, after: string): string =>
  new Date(parseCron(text).next(Date.parse(after)) ?? Number.NaN).toISOString();

test.each([
  ["CRON_TZ=UTC 30 3 * * *", "2026-03-01T03:29:59Z", "2026-03-01T03:30:00.000Z"],
  ["CRON_TZ=UTC 30 3 * * *", "2026-03-01T03:30:00Z", "2026-03-02T03:30:00.000Z"],
  ["CRON_TZ=Europe/Berlin 0 12 * * MON", "2026-06-02T00:00:00Z", "2026-06-08T10:00:00.000Z"],
  ["CRON_TZ=UTC @daily", "2026-01-01T10:00:00Z", "2026-01-02T00:00:00.000Z"],
  ["CRON_TZ=UTC */10 * * * * *", "2026-01-01T10:00:01Z", "2026-01-01T10:00:10.000Z"],
  ["CRON_TZ=UTC 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
])("%s after %s", (text, after, wanted) => {
  expect(next(text, after)).toBe(wanted);
});

test.each(["", "often", "61 * * * *", "* * *", "CRON_TZ=Nowhere/Land * * * * *", "0 0 30 2 *"])(
  "%p is refused",
  (text) => {
    expect(() => parseCron(text)).toThrow("invalid schedule");
  },
);

import { messageOf } from "#base/errors.ts";
import { trimAudit } from "#registry/administration/audit.ts";
import type { RegistryContext } from "#registry/context.ts";
import { PullCounter } from "#registry/events/pull-counter.ts";
import { collectGarbage } from "#registry/maintenance/collect-garbage.ts";
import { applyRetention, planRetention } from "#registry/policies/retention.ts";
import { scrub } from "#registry/maintenance/scrub.ts";
import type { ServeSettings } from "./serve-settings.ts";

const PULLS_EVERY_MS = 10_000;

/** Collect, scrub and count from time to time, until the result is called; what is under way then ends by itself. */
export function maintain(context: RegistryContext, settings: ServeSettings): () => void {
  const leaving = new AbortController();
  const every = (ms: number, name: string, work: () => Promise<void>): void => {
    if (ms === 0) return;
    let isRunning = false;
    const timer = setInterval(() => {
      if (isRunning) return;
      isRunning = true;
      work()
        .catch((error: unknown) => context.log.error(`${name} failed`, { error: messageOf(error) }))
        .finally(() => (isRunning = false));
    }, ms);
    leaving.signal.addEventListener("abort", () => clearInterval(timer));
  };
  every(settings.collectEveryMs, "garbage collection", async () => {
    const gone = applyRetention(context, planRetention(context));
    if (gone > 0) context.log.info("retention applied", { deleted: gone });
    context.log.info("garbage collected", { ...(await collectGarbage(context)) });
    trimAudit(context);
  });
  const pulls = new PullCounter(context);
  every(PULLS_EVERY_MS, "counting pulls", () => Promise.resolve(pulls.flush()));
  leaving.signal.addEventListener("abort", () => pulls.flush());
  every(settings.scrubEveryMs, "scrub", async () => {
    const { blobs, bytes, damaged } = await scrub(context, leaving.signal);
    context.log.info("blobs read", { blobs, bytes, damaged: damaged.length });
  });
  return () => leaving.abort();
}

import type { Handler } from "../command.ts";
import { confirmed } from "../prune/confirm.ts";
import { reclaimed } from "../prune/report.ts";

/** `builder prune`. */
export const pruneCache: Handler = async ({ flags, io, client }) => {
  const all = flags.on("all");
  const warning = all
    ? "WARNING! This will remove all build cache."
    : "WARNING! This will remove all dangling build cache.";
  if (!flags.on("force") && !(await confirmed(io, warning))) return 0;
  const api = await client();
  const answer = await api.build.prune({
    all,
    // docker-compat: the older name of what is reserved.
    reservedBytes: flags.number(flags.given("reserved-space") ? "reserved-space" : "keep-storage"),
    maxUsedBytes: flags.number("max-used-space"),
    minFreeBytes: flags.number("min-free-space"),
    filters: flags.filters(),
  });
  const deleted = answer.CachesDeleted ?? [];
  if (deleted.length > 0) io.stdout.write(`Deleted build cache objects:\n${deleted.map((id) => `${id}\n`).join("")}\n`);
  io.stdout.write(reclaimed(answer.SpaceReclaimed));
  return 0;
};

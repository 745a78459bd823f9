import type { Handler } from "../command.ts";
import { confirmed } from "./confirm.ts";
import { deletedContainers, reclaimed } from "./report.ts";

/** `container prune`. */
export const pruneContainers: Handler = async ({ flags, io, client }) => {
  if (!flags.on("force") && !(await confirmed(io, "WARNING! This will remove all stopped containers."))) return 0;
  const answer = await (await client()).prune.containers(flags.filters());
  io.stdout.write(deletedContainers(answer) + reclaimed(answer.SpaceReclaimed));
  return 0;
};

import type { Handler } from "../command.ts";
import { confirmed } from "./confirm.ts";
import { deletedImages, reclaimed } from "./report.ts";

/** `image prune`. */
export const pruneImages: Handler = async ({ flags, io, client }) => {
  const all = flags.on("all");
  const warning = all
    ? "WARNING! This will remove all images without at least one container associated to them."
    : "WARNING! This will remove all dangling images.";
  if (!flags.on("force") && !(await confirmed(io, warning))) return 0;
  const answer = await (await client()).prune.images({ ...flags.filters(), dangling: [String(!all)] });
  io.stdout.write(deletedImages(answer) + reclaimed(answer.SpaceReclaimed));
  return 0;
};

import type { Handler } from "../command.ts";
import { confirmed } from "./confirm.ts";
import { deletedList } from "./report.ts";

const WARNING = "WARNING! This will remove all custom networks not used by at least one container.";

/** `network prune`. */
export const pruneNetworks: Handler = async ({ flags, io, client }) => {
  if (!flags.on("force") && !(await confirmed(io, WARNING))) return 0;
  const { NetworksDeleted } = await (await client()).prune.networks(flags.filters());
  io.stdout.write(deletedList("Deleted Networks", NetworksDeleted));
  return 0;
};

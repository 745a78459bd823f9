import { BerthError } from "#base/errors.ts";
import { compareVersions } from "#client/api-version.ts";
import type { Handler } from "../command.ts";
import { confirmed } from "./confirm.ts";
import { deletedList, reclaimed } from "./report.ts";

const ANONYMOUS = "WARNING! This will remove anonymous local volumes not used by at least one container.";
const ALL = "WARNING! This will remove all local volumes not used by at least one container.";

/** `volume prune`: volumes without a name of their own, with `--all` every one that is not used. */
export const pruneVolumes: Handler = async ({ flags, io, client }) => {
  const api = await client();
  const all = flags.on("all");
  const given = flags.filters();
  if (all && "all" in given)
    throw new BerthError("invalid-parameter", "conflicting options: cannot specify both --all and --filter all=1");
  // Before API 1.42 the engine takes named volumes too.
  const takesAll = all || compareVersions(await api.transport.version(), "1.42") < 0;
  if (!flags.on("force") && !(await confirmed(io, takesAll ? ALL : ANONYMOUS))) return 0;
  const { VolumesDeleted, SpaceReclaimed } = await api.prune.volumes(all ? { ...given, all: ["true"] } : given);
  io.stdout.write(deletedList("Deleted Volumes", VolumesDeleted) + reclaimed(SpaceReclaimed));
  return 0;
};

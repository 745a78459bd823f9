import { isBerthError, messageOf } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { FilterValues } from "#client/filters-parameter.ts";
import type { Handler } from "../command.ts";
import { ExitError } from "../errors.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { confirmed } from "./confirm.ts";
import { deletedContainers, deletedImages, deletedList, reclaimed } from "./report.ts";

interface Pruned {
  readonly text: string;
  readonly bytes: number;
}

/** `system prune`. A kind of object that the engine cannot prune is told at the end, and makes it fail. */
export const pruneSystem: Handler = async ({ flags, io, client }) => {
  const filters = flags.filters();
  if (flags.on("volumes") && "until" in filters)
    throw new Error('ERROR: The "until" filter is not supported with "--volumes"');
  if (!flags.on("force") && !(await confirmed(io, warning(flags)))) return 0;
  const api = await client();
  let bytes = 0;
  const skipped: string[] = [];
  for (const [what, prune] of steps(api, flags, filters)) {
    try {
      const done = await prune();
      io.stdout.write(done.text);
      bytes += done.bytes;
    } catch (error) {
      if (!isBerthError(error, "not-implemented")) throw error;
      skipped.push(`not pruned: ${what}: ${messageOf(error)}`);
    }
  }
  io.stdout.write(reclaimed(bytes));
  if (skipped.length > 0) throw new ExitError(1, skipped.join("\n"));
  return 0;
};

type Step = readonly [what: string, prune: () => Promise<Pruned>];

function steps({ prune }: EngineClient, flags: FlagValues, filters: FilterValues): readonly Step[] {
  const all = flags.on("all");
  return [
    [
      "containers",
      async () => {
        const answer = await prune.containers(filters);
        return { text: deletedContainers(answer), bytes: answer.SpaceReclaimed };
      },
    ],
    [
      "networks",
      async () => {
        const { NetworksDeleted } = await prune.networks(filters);
        return { text: deletedList("Deleted Networks", NetworksDeleted), bytes: 0 };
      },
    ],
    ...(flags.on("volumes")
      ? [
          [
            "volumes",
            async () => {
              const { VolumesDeleted, SpaceReclaimed } = await prune.volumes(filters);
              return { text: deletedList("Deleted Volumes", VolumesDeleted), bytes: SpaceReclaimed };
            },
          ] as const,
        ]
      : []),
    [
      "images",
      async () => {
        const answer = await prune.images({ ...filters, dangling: [String(!all)] });
        return { text: deletedImages(answer), bytes: answer.SpaceReclaimed };
      },
    ],
    [
      "build cache",
      async () => {
        const { CachesDeleted, SpaceReclaimed = 0 } = await prune.buildCache({ all, filters });
        return { text: deletedList("Deleted build cache objects", CachesDeleted), bytes: SpaceReclaimed };
      },
    ],
  ];
}

function warning(flags: FlagValues): string {
  const all = flags.on("all");
  const filters = Object.entries(flags.filters()).flatMap(([name, values]) =>
    values.map((value) => `${name}=${value}`),
  );
  const lines = [
    "WARNING! This will remove:",
    "  - all stopped containers",
    "  - all networks not used by at least one container",
    ...(flags.on("volumes") ? ["  - all anonymous volumes not used by at least one container"] : []),
    all ? "  - all images without at least one container associated to them" : "  - all dangling images",
    all ? "  - all build cache" : "  - unused build cache",
    ...(filters.length === 0
      ? []
      : ["", "  Items to be pruned will be filtered with:", ...filters.toSorted().map((filter) => `  - ${filter}`)]),
    "",
  ];
  return lines.join("\n");
}

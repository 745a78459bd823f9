import { buildVerbs } from "./build/verbs.ts";
import { RecentEnds } from "./container/life/recent-ends.ts";
import { ScheduledStarts } from "./container/life/scheduled-starts.ts";
import { containerLives } from "./container/lives.ts";
import { ContainerRegistry } from "./container/registry.ts";
import { containerVerbs } from "./container/verbs.ts";
import type { EngineCore, EngineDeps } from "./engine-deps.ts";
import { ExecRegistry } from "./exec/exec.ts";
import { execVerbs } from "./exec/verbs.ts";
import { imageVerbs } from "./image/verbs.ts";
import { EngineMeters } from "./metrics/engine-meters.ts";
import { networkVerbs } from "./network/verbs.ts";
import { reconcile } from "./reconcile.ts";
import { shutdown } from "./shutdown.ts";
import { systemVerbs } from "./system/verbs.ts";
import { finishRename } from "./volume/rename.ts";
import { volumeVerbs } from "./volume/verbs.ts";
import { resumePaused } from "./volume/while-still.ts";

export type Engine = ReturnType<typeof createEngine>;

/**
 * The use cases, wired. Call `reconcile` once before the first of them, `shutdown` last. The containers of an engine
 * that is killed instead go on running, and the next engine takes them over.
 */
export function createEngine(given: EngineDeps) {
  const core = coreOf(given);
  const lives = containerLives(core);
  const containers = containerVerbs(core, lives);
  const builds = buildVerbs(core);
  return {
    /** Begin when the engine has recovered; close it before the engine ends. */
    scheduledStarts: new ScheduledStarts({ ...core, start: lives.start }),
    containers,
    execs: execVerbs(core),
    images: imageVerbs(core),
    builds,
    networks: networkVerbs(core),
    volumes: volumeVerbs(core, lives),
    system: systemVerbs(core, containers),
    reconcile: async () => {
      finishRename(core);
      builds.history.reconcile();
      await reconcile({ ...core, ...lives });
      await resumePaused({ ...core, ...lives });
    },
    shutdown: () => shutdown({ ...core, ...lives }),
  };
}

function coreOf(given: EngineDeps): EngineCore {
  const meters = new EngineMeters(given);
  return {
    ...given,
    events: meters.countedEvents(given.events),
    registry: new ContainerRegistry({ rows: given.containers, log: given.log }),
    execs: new ExecRegistry({ rows: given.execs }),
    recentEnds: new RecentEnds(given.clock),
    meters,
  };
}

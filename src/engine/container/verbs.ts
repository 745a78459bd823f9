import type { EngineCore } from "../engine-deps.ts";
import { whyContainer } from "../forensics/why.ts";
import { containerChanges } from "./files/changes.ts";
import { commitContainer } from "./files/commit.ts";
import { exportContainer } from "./files/export.ts";
import { extractToContainer, readContainerPath, statContainerPath } from "./files/path-files.ts";
import { createContainer } from "./life/create.ts";
import { killContainer } from "./life/kill.ts";
import { pruneContainers } from "./life/prune.ts";
import { renameContainer } from "./life/rename.ts";
import { restartContainer } from "./life/restart.ts";
import { stopContainer } from "./life/stop.ts";
import { updateContainer } from "./life/update.ts";
import { waitContainer } from "./life/wait.ts";
import type { ContainerLives } from "./lives.ts";
import { inspectContainer } from "./look/inspect.ts";
import { listContainers } from "./look/list.ts";
import { topContainer } from "./look/top.ts";
import { removeLink } from "./network/links.ts";
import { renewResolvers } from "./network/renew-resolvers.ts";
import { intervalTicker, StatsSampler } from "./stats/stats-sampler.ts";
import { containerStats } from "./stats/stats.ts";
import { takeSample } from "./stats/take-sample.ts";
import { attachContainer } from "./streams/attach.ts";
import { containerLogs } from "./streams/logs.ts";
import { resizeContainer } from "./streams/resize.ts";

/** `/containers`. */
export function containerVerbs(core: EngineCore, lives: ContainerLives) {
  const sample = takeSample(core);
  const sampler = new StatsSampler({ takeSample: sample, ticker: intervalTicker });
  return {
    create: core.meters.timed("create", createContainer(core)),
    start: lives.start,
    stop: stopContainer({ ...core, ...lives }),
    restart: restartContainer({ ...core, ...lives }),
    kill: killContainer({ ...core, ...lives }),
    pause: lives.pause,
    unpause: lives.unpause,
    update: updateContainer(core),
    wait: waitContainer(core),
    remove: lives.remove,
    prune: pruneContainers({ ...core, remove: lives.remove }),
    removeLink: removeLink(core),
    rename: renameContainer(core),
    renewResolvers: renewResolvers(core),
    attach: attachContainer(core),
    logs: containerLogs(core),
    resize: resizeContainer(core),
    top: topContainer(core),
    stats: containerStats({ ...core, takeSample: sample, sampler }),
    inspect: inspectContainer(core),
    why: whyContainer({ ...core, ...lives }),
    list: listContainers(core),
    statPath: statContainerPath(core),
    readPath: readContainerPath(core),
    extract: extractToContainer(core),
    export: exportContainer(core),
    changes: core.meters.timed("changes", containerChanges(core)),
    commit: core.meters.timed("commit", commitContainer({ ...core, ...lives })),
  };
}

export type ContainerVerbs = ReturnType<typeof containerVerbs>;

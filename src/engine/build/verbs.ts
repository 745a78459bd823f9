import type { EngineCore } from "../engine-deps.ts";
import { BuildHistory } from "./build-history.ts";
import { buildImage } from "./build.ts";
import { DebugShells } from "./debug-shells.ts";
import { ForwardedAgents } from "./forwarded-agents.ts";
import { pruneBuilds } from "./prune.ts";
import { RunningBuilds } from "./running-builds.ts";

/** `/build`. */
export function buildVerbs(core: EngineCore) {
  const running = new RunningBuilds();
  const shells = new DebugShells(core);
  const agents = new ForwardedAgents();
  const history = new BuildHistory(core);
  return {
    build: buildImage({ ...core, running, shells, history, agents }),
    offerTree: (hashes: Uint8Array) => core.trees.offer(hashes),
    cancel: (id: string) => running.cancel(id),
    prune: pruneBuilds(core),
    openShell: shells.open.bind(shells),
    takeAgent: agents.take.bind(agents),
    history,
    resizeShell: shells.resize.bind(shells),
  };
}

import { ForeignFeatures } from "#runtime/foreign/foreign-features.ts";
import type { ContainerVerbs } from "../container/verbs.ts";
import type { EngineCore } from "../engine-deps.ts";
import { metricFamilies } from "../metrics/metric-families.ts";
import { checkAuth } from "./auth.ts";
import { checkSystem } from "./check.ts";
import { diskUsage } from "./disk-usage.ts";
import { streamEvents } from "./events.ts";
import { info } from "./info.ts";
import { tellReloaded } from "./reloaded.ts";
import { version } from "./version.ts";

/** `/info`, `/events` and the like. */
export function systemVerbs(core: EngineCore, containers: Pick<ContainerVerbs, "list">) {
  return {
    version: version(core),
    info: info({ ...core, foreignFeatures: new ForeignFeatures() }),
    auth: checkAuth(core),
    check: checkSystem(core),
    events: streamEvents(core),
    metrics: metricFamilies(core),
    diskUsage: diskUsage({ ...core, listContainers: containers.list }),
    reloaded: tellReloaded(core),
  };
}

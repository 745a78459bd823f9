import type { Engine } from "#engine/engine.ts";
import type { Route } from "../call.ts";
import { containerFileRoutes } from "./container-files.ts";
import { berthRoutes } from "./berth.ts";
import { buildRoutes } from "./build.ts";
import { containerRoutes } from "./containers.ts";
import { execRoutes } from "./execs.ts";
import { imageTransferRoutes } from "./image-transfers.ts";
import { imageRoutes } from "./images.ts";
import { networkRoutes } from "./networks.ts";
import { pluginRoutes } from "./plugins.ts";
import { systemRoutes } from "./system.ts";
import { volumeRoutes } from "./volumes.ts";
import { unsupportedRoutes } from "./unsupported.ts";

/** Every route, in the order in which they are tried. */
export function dockerRoutes(engine: Engine): readonly Route[] {
  return [
    ...berthRoutes(engine),
    ...systemRoutes(engine),
    ...containerRoutes(engine),
    ...containerFileRoutes(engine),
    ...execRoutes(engine),
    ...imageTransferRoutes(engine),
    ...imageRoutes(engine),
    ...networkRoutes(engine),
    ...volumeRoutes(engine),
    ...buildRoutes(engine),
    ...pluginRoutes,
    ...unsupportedRoutes,
  ];
}

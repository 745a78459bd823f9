import type { Engine } from "#engine/engine.ts";
import type { Route } from "../call.ts";
import { json } from "../reply.ts";

/** What Berth answers beyond the Docker Engine API, under a name that Docker will not take. */
export function berthRoutes(engine: Engine): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/berth/containers/{id}/why",
      handle: ({ params }) => json(engine.containers.why(params["id"] ?? "")),
    },
  ];
}

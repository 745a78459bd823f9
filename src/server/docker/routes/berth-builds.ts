import type { Engine } from "#engine/engine.ts";
import type { Call, Route } from "../call.ts";
import { json, stream } from "../reply.ts";

/** Builds that were; see spec/berth/build-history.ts. */
export function berthBuildsRoutes({ builds: { history } }: Engine): readonly Route[] {
  const id = (call: Call): string => call.params["id"] ?? "";
  return [
    { method: "GET", pattern: "/berth/builds", handle: () => json(history.list()) },
    { method: "GET", pattern: "/berth/builds/{id}", handle: (call) => json(history.find(id(call))) },
    {
      method: "GET",
      pattern: "/berth/builds/{id}/logs",
      handle: (call) => stream("application/x-ndjson", true, once(history.logOf(id(call)))),
    },
    { method: "DELETE", pattern: "/berth/builds/{id}", handle: (call) => json(history.remove(id(call))) },
    { method: "DELETE", pattern: "/berth/builds", handle: () => json(history.removeAll()) },
  ];
}

async function* once(text: string): AsyncGenerator<string> {
  if (text !== "") yield text;
}

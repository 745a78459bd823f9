import { BerthError } from "#base/errors.ts";
import { notInSwarm } from "#engine/system/not-in-swarm.ts";
import type { Route } from "../call.ts";

/** Endpoints of the API that this engine knows and does not carry out yet; all others are "page not found". */
const endpoints = `
GET /containers/{id}/checkpoints
POST /containers/{id}/checkpoints
DELETE /containers/{id}/checkpoints/{checkpoint}
POST /session
POST /grpc
`;

const swarm = `
GET /swarm
POST /swarm/update
GET /swarm/unlockkey
POST /swarm/unlock
GET /nodes
GET /nodes/{id}
DELETE /nodes/{id}
POST /nodes/{id}/update
GET /services
POST /services/create
GET /services/{id}
DELETE /services/{id}
POST /services/{id}/update
GET /services/{id}/logs
GET /tasks
GET /tasks/{id}
GET /tasks/{id}/logs
GET /secrets
POST /secrets/create
GET /secrets/{id}
DELETE /secrets/{id}
POST /secrets/{id}/update
GET /configs
POST /configs/create
GET /configs/{id}
DELETE /configs/{id}
POST /configs/{id}/update
`;

export const unsupportedRoutes: readonly Route[] = [
  ...table(
    endpoints,
    (method, pattern) => new BerthError("not-implemented", `not supported by this engine yet: ${method} ${pattern}`),
  ),
  ...table(swarm, () => new BerthError("unavailable", notInSwarm)),
  // Who is told to do what cannot be done goes round in a circle.
  ...table(
    "POST /swarm/init\nPOST /swarm/join",
    (method, pattern) =>
      new BerthError("not-implemented", `not supported by this engine: swarms, ${method} ${pattern}`, {
        hint: "Projects of many containers on one machine are what Compose is for.",
      }),
  ),
  ...table("POST /swarm/leave", () => new BerthError("unavailable", "This node is not part of a swarm")),
];

function table(text: string, refuse: (method: string, pattern: string) => BerthError): readonly Route[] {
  return text
    .trim()
    .split("\n")
    .map((line): Route => {
      const [method = "", pattern = ""] = line.split(" ");
      return {
        method: method as Route["method"],
        pattern,
        handle: () => {
          throw refuse(method, pattern);
        },
      };
    });
}

/**
 * Every endpoint of the Engine API as data: parameters with their types, bodies, and the keys that `filters` takes.
 * Source: the API's specification, version 1.56, and the routes that only the engine's code names (checkpoints, build
 * cancel, grpc). `{name...}` may hold slashes.
 */
export type Kind =
  | "flag"
  | "integer"
  | "text"
  | "time"
  | "signal"
  | "condition"
  | "keys"
  | "name"
  | "path"
  | "json"
  | "platform"
  | "filters";

export interface Parameter {
  readonly name: string;
  readonly kind: Kind;
}

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  readonly path: string;
  readonly query: readonly Parameter[];
  readonly filters: readonly string[];
  /** Name of a body in bodies.ts, or `tar` for a stream of bytes. */
  readonly body?: string;
  /** Answers that end only when something happens to the container: asked for with a client that leaves. */
  readonly lasting: boolean;
  /** Only in a swarm: the answer outside one is 503. */
  readonly swarm: boolean;
}

/** One line an endpoint; `name:kind` a query parameter (flag when the kind is left out), `@body`, `*` = lasting. */
const table = `
GET /containers/json all limit:integer size filters:filters(ancestor before expose exited health id isolation is-task label name network publish since status volume)
POST /containers/create name:name platform:platform @create
GET /containers/{id}/json size
GET /containers/{id}/top ps_args:text
GET /containers/{id}/logs follow stdout stderr since:time until:time timestamps details tail:text *
GET /containers/{id}/changes
GET /containers/{id}/export
GET /containers/{id}/stats stream one-shot *
POST /containers/{id}/resize h:integer w:integer
POST /containers/{id}/start detachKeys:keys checkpoint:text checkpoint-dir:text
POST /containers/{id}/stop signal:signal t:integer *
POST /containers/{id}/restart signal:signal t:integer *
POST /containers/{id}/kill signal:signal
POST /containers/{id}/update @update
POST /containers/{id}/rename name:name
POST /containers/{id}/pause
POST /containers/{id}/unpause
POST /containers/{id}/attach detachKeys:keys logs stream stdin stdout stderr *
GET /containers/{id}/attach/ws detachKeys:keys logs stream stdin stdout stderr *
POST /containers/{id}/wait condition:condition *
DELETE /containers/{id} v force link
HEAD /containers/{id}/archive path:path
GET /containers/{id}/archive path:path
PUT /containers/{id}/archive path:path noOverwriteDirNonDir copyUIDGID @tar
POST /containers/prune filters:filters(until label label!)
GET /containers/{id}/checkpoints dir:text
POST /containers/{id}/checkpoints @checkpoint
DELETE /containers/{id}/checkpoints/{checkpoint} dir:text
POST /containers/{id}/exec @exec
POST /exec/{id}/start @execStart *
POST /exec/{id}/resize h:integer w:integer
GET /exec/{id}/json
GET /images/json all shared-size digests manifests identity filters:filters(before dangling label reference since until)
POST /build dockerfile:text t:text extrahosts:text remote:text q nocache cachefrom:json pull:text rm forcerm memory:integer memswap:integer cpushares:integer cpusetcpus:text cpuperiod:integer cpuquota:integer buildargs:json shmsize:integer squash labels:json networkmode:text platform:platform target:text outputs:json version:text @tar
POST /build/prune reserved-space:integer max-used-space:integer min-free-space:integer all filters:filters(until id parent type description inuse shared private)
POST /build/cancel id:text
POST /images/create fromImage:text fromSrc:text repo:text tag:text message:text changes:text platform:platform @tar
GET /images/{name...}/json manifests platform:platform
GET /images/{name...}/attestations platform:platform type:text statement
GET /images/{name...}/history platform:platform
POST /images/{name...}/push tag:text platform:platform
POST /images/{name...}/tag repo:text tag:text
DELETE /images/{name...} force noprune platforms:platform
GET /images/search term:text limit:integer filters:filters(is-official stars)
POST /images/prune filters:filters(dangling until label)
POST /commit container:text repo:text tag:text comment:text author:text pause changes:text @commit
GET /images/{name...}/get platform:platform
GET /images/get names:text platform:platform
POST /images/load quiet platform:platform @tar
GET /networks filters:filters(dangling driver id label name scope type)
GET /networks/{id} verbose scope:text
DELETE /networks/{id}
POST /networks/create @network
POST /networks/{id}/connect @connect
POST /networks/{id}/disconnect @disconnect
POST /networks/prune filters:filters(until label)
GET /volumes filters:filters(dangling driver label name)
POST /volumes/create @volume
GET /volumes/{name}
PUT /volumes/{name} version:integer @volumeSpec
DELETE /volumes/{name} force
POST /volumes/prune filters:filters(label all)
POST /auth @auth
GET /info
GET /version
GET /_ping
HEAD /_ping
GET /events since:time until:time filters:filters(config container daemon event image label network node plugin scope secret service type volume) *
GET /system/df type:text verbose
GET /distribution/{name...}/json
POST /session *
POST /grpc *
GET /plugins filters:filters(capability enable)
GET /plugins/privileges remote:text
POST /plugins/pull remote:text name:text @privileges
GET /plugins/{name...}/json
DELETE /plugins/{name...} force
POST /plugins/{name...}/enable timeout:integer
POST /plugins/{name...}/disable force
POST /plugins/{name...}/upgrade remote:text @privileges
POST /plugins/create name:text @tar
POST /plugins/{name...}/push
POST /plugins/{name...}/set @settings
`;

const swarmTable = `
GET /swarm
POST /swarm/init @swarm
POST /swarm/join @swarm
POST /swarm/leave force
POST /swarm/update version:integer rotateWorkerToken rotateManagerToken rotateManagerUnlockKey @swarm
GET /swarm/unlockkey
POST /swarm/unlock @swarm
GET /nodes filters:filters(id label membership name node.label role)
GET /nodes/{id}
DELETE /nodes/{id} force
POST /nodes/{id}/update version:integer @swarm
GET /services filters:filters(id label mode name) status
POST /services/create @swarm
GET /services/{id} insertDefaults
DELETE /services/{id}
POST /services/{id}/update version:integer registryAuthFrom:text rollback:text @swarm
GET /services/{id}/logs details follow stdout stderr since:time timestamps tail:text *
GET /tasks filters:filters(desired-state id label name node service)
GET /tasks/{id}
GET /tasks/{id}/logs details follow stdout stderr since:time timestamps tail:text *
GET /secrets filters:filters(id label name names)
POST /secrets/create @swarm
GET /secrets/{id}
DELETE /secrets/{id}
POST /secrets/{id}/update version:integer @swarm
GET /configs filters:filters(id label name names)
POST /configs/create @swarm
GET /configs/{id}
DELETE /configs/{id}
POST /configs/{id}/update version:integer @swarm
`;

const parse =
  (swarm: boolean) =>
  (line: string): Endpoint => {
    const filters = /filters:filters\(([^)]*)\)/.exec(line)?.[1]?.split(" ") ?? [];
    const [method = "", path = "", ...words] = line.replace(/\([^)]*\)/, "").split(" ");
    const body = words.find((word) => word.startsWith("@"))?.slice(1);
    return {
      method: method as Endpoint["method"],
      path,
      query: words
        .filter((word) => word !== "*" && !word.startsWith("@"))
        .map((word) => {
          const [name = "", kind = "flag"] = word.split(":");
          return { name, kind: kind as Kind };
        }),
      filters,
      ...(body === undefined ? {} : { body }),
      lasting: words.includes("*"),
      swarm,
    };
  };

export const endpoints: readonly Endpoint[] = [
  ...table.trim().split("\n").map(parse(false)),
  ...swarmTable.trim().split("\n").map(parse(true)),
];

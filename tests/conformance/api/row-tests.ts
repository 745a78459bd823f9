/**
 * Which test sees what of the API: a line a parameter, filter or status of an endpoint,
 *
 *   NAME  FILE  TITLE | NEEDLE
 *
 * with `?NAME` for a parameter, `=KEY` for a key of `filters`, a number for a status and `@` for the body. FILE is below
 * tests/conformance, TITLE stands in it, and NEEDLE behind it in the same test.
 */
const cases = "cases/parameters.ts parameters that cannot be | ";
const refused = (request: string): string => `cases/parameters.ts rows: readonly Row[] | ${request}`;
const list = "cases/resources.ts list: filters, limit, before and since | ";
const logs = "cases/logs.ts the API's parameters | ";
const every = "cases/verbs.ts /** The requests | ";
const archive = "cases/files.ts ";
const events = "cases/events.ts every filter | ";
const rows = "api/proved-version-rows.ts provedVersionRows | ";

export const rowTests: Readonly<Record<string, readonly string[]>> = {
  "GET /containers/json": [
    `?all ${list}all=0`,
    `?limit ${list}limit=2`,
    "?size transcripts/list.txt ps with each field and shape | ps -s",
    ...["ancestor", "before", "exited", "health", "id", "isolation", "label", "name", "network", "publish"].map(
      (key) => `=${key} ${list}{ ${key}: [`,
    ),
    ...["expose", "since", "status", "volume"].map((key) => `=${key} ${list}{ ${key}: [`),
    `=is-task ${list}{ "is-task": [`,
    `200 ${list}names(filters)`,
    `400 ${refused("GET /containers/json?limit=x")}`,
  ],
  "POST /containers/create": [
    `?name ${refused("POST /containers/create?name=!")}`,
    `?platform ${rows}create?platform`,
    "@ coverage.test.ts every command and flag | flagUses",
    "201 cases/fields.ts without a network there is only | toBe(201)",
    "400 cases/api.ts no command gives 400 | toBe(400)",
    "404 cases/api.ts an unknown image gives 404 | toBe(404)",
    `409 ${refused("POST /containers/create?name=box")}`,
  ],
  "GET /containers/{id}/json": [
    "?size transcripts/list.txt inspect of both kinds | inspect -s",
    `200 ${every}inspect: `,
    `404 ${refused("GET /containers/nobody/json?size=1")}`,
  ],
  "GET /containers/{id}/top": [
    "?ps_args cases/resources.ts top with the options of ps | ps_args=",
    `200 ${every}top: `,
    `404 ${refused("GET /containers/nobody/top")}`,
  ],
  "GET /containers/{id}/logs": [
    "?follow cases/logs.ts a container that never ran has no log | follow=1",
    `?stdout ${logs}stdout=1`,
    `?stderr ${logs}stderr=1`,
    `?since ${logs}since=1.123456789123`,
    `?until ${logs}until=-5`,
    "?timestamps transcripts/streams.txt logs with each flag | logs --timestamps",
    "?details transcripts/streams.txt logs with each flag | logs --details",
    `?tail ${logs}tail=x`,
    `200 ${logs}status: 200`,
    `404 ${refused("GET /containers/nobody/logs?stdout=1")}`,
  ],
  "GET /containers/{id}/changes": [
    `200 ${archive}diff tells what was changed | "diff"`,
    `404 ${refused("GET /containers/nobody/changes")}`,
  ],
  "GET /containers/{id}/export": [
    `200 ${archive}export gives the root without its mounts | "export"`,
    `404 ${refused("GET /containers/nobody/export")}`,
  ],
  "GET /containers/{id}/stats": [
    "?stream cases/resources.ts stats of two moments | stream=false",
    "?one-shot cases/resources.ts stats of two moments | one-shot=true",
    `200 ${every}stats: `,
    `404 ${refused("GET /containers/nobody/stats?stream=0")}`,
  ],
  "POST /containers/{id}/resize": [
    `?h ${refused("POST /containers/box/resize?h=x&w=1")}`,
    `?w ${refused('POST /containers/box/resize?h=1"')}`,
    `200 ${every}resize: `,
    `404 ${refused("POST /containers/nobody/resize?h=1&w=1")}`,
  ],
  "POST /containers/{id}/start": [
    "?detachKeys transcripts/life.txt start attached | --detach-keys ctrl-x,x",
    "204 cases/verbs.ts const table | created    start        204",
    "304 cases/verbs.ts const table | running    start        304",
    `404 ${refused("POST /containers/nobody/start")}`,
  ],
  "POST /containers/{id}/stop": [
    `?signal ${rows}stop?signal`,
    `?t ${refused("POST /containers/box/stop?t=x")}`,
    "204 cases/verbs.ts const table | running    stop         204",
    "304 cases/verbs.ts const table | exited     stop         304",
    `404 ${refused("POST /containers/nobody/stop?t=1")}`,
  ],
  "POST /containers/{id}/restart": [
    "?signal transcripts/life.txt stop and restart with signals | restart --signal TERM",
    `?t ${refused("POST /containers/box/restart?t=x")}`,
    "204 cases/verbs.ts const table | running    restart      204",
    `404 ${refused("POST /containers/nobody/restart?t=1")}`,
  ],
  "POST /containers/{id}/kill": [
    `?signal ${every}kill?signal=USR1`,
    "204 cases/verbs.ts const table | running    kill         204",
    `404 ${refused("POST /containers/nobody/kill")}`,
    "409 cases/verbs.ts const table | exited     kill         409",
  ],
  "POST /containers/{id}/update": [
    "@ cases/resources.ts update to less memory | CpuShares: 77",
    `200 ${every}update: `,
    `404 ${refused("POST /containers/nobody/update")}`,
  ],
  "POST /containers/{id}/rename": [
    `?name ${every}rename?name=NAME`,
    "204 transcripts/list.txt port, rename and top | rename one uno",
    `404 ${refused("POST /containers/nobody/rename?name=x")}`,
    `409 ${refused("POST /containers/box/rename?name=made")}`,
  ],
  "POST /containers/{id}/pause": [
    "204 cases/verbs.ts const table | running    pause        204",
    `404 ${refused("POST /containers/nobody/pause")}`,
  ],
  "POST /containers/{id}/unpause": [
    "204 cases/verbs.ts const table | paused     unpause      204",
    `404 ${refused("POST /containers/nobody/unpause")}`,
  ],
  "POST /containers/{id}/attach": [
    `?detachKeys ${refused("attach?detachKeys=nonsense")}`,
    "?logs cases/attach.ts attach without stream gives the past | logs=1",
    "?stream cases/attach.ts attach without stream gives the past | stream=0",
    "?stdin cases/attach.ts the end of a client's input | endInput",
    "?stdout cases/attach.ts attach without stream gives the past | stdout=1",
    "?stderr cases/attach.ts attach without stream gives the past | stderr=1",
    `200 ${every}attach: `,
    `400 ${refused("attach?detachKeys=nonsense")}`,
    `404 ${refused("POST /containers/nobody/attach")}`,
  ],
  "GET /containers/{id}/attach/ws": [
    `?detachKeys ${refused("attach/ws?detachKeys=nonsense")}`,
    "?logs cases/attach.ts gives the past, and ends with the container | logs=1",
    ...["stream", "stdin", "stdout", "stderr"].map((name) => `?${name} cases/attach.ts const all = | ${name}=1`),
    "101 cases/attach.ts carries both ways | 101 Switching Protocols",
    "400 cases/attach.ts is refused when it is none | 400 not websocket protocol",
    "404 cases/attach.ts is refused when it is none | No such container: nobody",
  ],
  "POST /containers/{id}/wait": [
    "?condition cases/resources.ts wait for the next end | condition=",
    `200 ${every}wait: `,
    `400 ${refused("wait?condition=nonsense")}`,
    `404 ${refused("POST /containers/nobody/wait")}`,
  ],
  "DELETE /containers/{id}": [
    "?v transcripts/life.txt rm with volumes, links and force | rm -f -v",
    `?force ${every}?force=1`,
    "?link transcripts/life.txt rm with volumes, links and force | rm --link source/alias",
    "204 cases/verbs.ts const table | exited     remove       204",
    `404 ${refused("DELETE /containers/nobody")}`,
    `409 ${refused("DELETE /containers/box")}`,
  ],
  "HEAD /containers/{id}/archive": [
    `?path ${archive}what is done to files is told as events | "cp"`,
    `400 ${refused("HEAD /containers/box/archive")}`,
    `404 ${refused("HEAD /containers/nobody/archive")}`,
  ],
  "GET /containers/{id}/archive": [
    `?path ${refused("GET /containers/box/archive?path=/nothing")}`,
    `200 ${archive}cp - writes an archive | "cp"`,
    `400 ${refused('GET /containers/box/archive"')}`,
    `404 ${refused("GET /containers/nobody/archive")}`,
  ],
  "PUT /containers/{id}/archive": [
    `?path ${refused("PUT /containers/box/archive?path=/nothing")}`,
    "?noOverwriteDirNonDir cases/parameters.ts a directory is replaced by a file | noOverwriteDirNonDir=1",
    `?copyUIDGID ${archive}cp -L copies what links lead to | "-a"`,
    `@ ${archive}cp - reads an archive | "cp"`,
    `200 ${archive}cp - reads an archive | code`,
    `400 ${refused("PUT /containers/box/archive?path=/etc/hostname")}`,
    `403 ${refused("PUT /containers/sealed/archive")}`,
    `404 ${refused("PUT /containers/nobody/archive")}`,
  ],
  "POST /containers/prune": [
    "=until cases/resources.ts container prune removes | until=24h",
    "=label transcripts/life.txt container prune | label=",
    "=label! cases/resources.ts container prune removes | label!=keep",
    "200 cases/resources.ts container prune removes | Total reclaimed space: 7kB",
  ],
  "POST /containers/{id}/exec": [
    `@ ${rows}ConsoleSize of exec create`,
    `201 cases/verbs.ts const table | running    exec         201`,
    `404 ${refused("POST /containers/nobody/exec")}`,
    `409 ${refused("POST /containers/held/exec")}`,
  ],
  "POST /exec/{id}/start": [
    `@ ${rows}ConsoleSize of exec start`,
    `200 ${cases}Detach: false`,
    `404 ${refused("POST /exec/nobody/start")}`,
    `409 ${refused("POST /exec/EXEC/start")}`,
  ],
  "POST /exec/{id}/resize": [
    `?h ${refused("POST /exec/EXEC/resize?h=x")}`,
    "?w cases/terminal.ts exec -it | stty size",
    "200 cases/terminal.ts exec -it | stty size",
    `400 ${refused("POST /exec/EXEC/resize?h=x")}`,
    `404 ${refused("POST /exec/nobody/resize")}`,
  ],
  "GET /exec/{id}/json": [
    "200 transcripts/streams.txt exec with each flag | exec",
    `404 ${refused("GET /exec/nobody/json")}`,
  ],
  "POST /auth": [
    "@ ../engine/registry-access.test.ts login, push, pull, logout | login(",
    "200 ../engine/registry-access.test.ts login, push, pull, logout | Login Succeeded",
    "401 ../engine/registry-access.test.ts login, push, pull, logout | unauthorized",
  ],
  "GET /info": ["200 cases/parameters.ts /_ping, /version and /info | /info"],
  "GET /version": ["200 cases/parameters.ts /_ping, /version and /info | /version"],
  "GET /_ping": ['200 cases/parameters.ts /_ping, /version and /info | ping("GET")'],
  "HEAD /_ping": ['200 cases/parameters.ts /_ping, /version and /info | ping("HEAD")'],
  "GET /events": [
    "?since cases/events.ts since 0 and until alone | since=0",
    "?until cases/events.ts since 0 and until alone | until=",
    ...["container", "event", "image", "label", "network", "scope", "type"].map((key) => `=${key} ${events}"${key}=`),
    ...["volume", "daemon", "plugin", "node", "service", "secret", "config"].map(
      (key) => `=${key} ${events}"${key}=x"`,
    ),
    `200 ${events}eventsSince`,
    "400 cases/events.ts since 0 and until alone | cannot be after",
  ],
  "GET /system/df": [
    `?type ${rows}system/df?type`,
    "?verbose api/read-version-rows.ts readVersionRows | verbose=1",
    "200 cases/resources.ts system df counts layers once | /system/df",
  ],
};

/** Statuses of the specification by endpoint, but for faults of the engine (500). */
export const statuses: Readonly<Record<string, string>> = {
  "GET /containers/json": "200 400",
  "POST /containers/create": "201 400 404 409",
  "GET /containers/{id}/json": "200 404",
  "GET /containers/{id}/top": "200 404",
  "GET /containers/{id}/logs": "200 404",
  "GET /containers/{id}/changes": "200 404",
  "GET /containers/{id}/export": "200 404",
  "GET /containers/{id}/stats": "200 404",
  "POST /containers/{id}/resize": "200 404",
  "POST /containers/{id}/start": "204 304 404",
  "POST /containers/{id}/stop": "204 304 404",
  "POST /containers/{id}/restart": "204 404",
  "POST /containers/{id}/kill": "204 404 409",
  "POST /containers/{id}/update": "200 404",
  "POST /containers/{id}/rename": "204 404 409",
  "POST /containers/{id}/pause": "204 404",
  "POST /containers/{id}/unpause": "204 404",
  "POST /containers/{id}/attach": "200 400 404",
  "GET /containers/{id}/attach/ws": "101 400 404",
  "POST /containers/{id}/wait": "200 400 404",
  "DELETE /containers/{id}": "204 404 409",
  "HEAD /containers/{id}/archive": "400 404",
  "GET /containers/{id}/archive": "200 400 404",
  "PUT /containers/{id}/archive": "200 400 403 404",
  "POST /containers/prune": "200",
  "POST /containers/{id}/exec": "201 404 409",
  "POST /exec/{id}/start": "200 404 409",
  "POST /exec/{id}/resize": "200 400 404",
  "GET /exec/{id}/json": "200 404",
  "POST /auth": "200 401",
  "GET /info": "200",
  "GET /version": "200",
  "GET /_ping": "200",
  "HEAD /_ping": "200",
  "GET /events": "200 400",
  "GET /system/df": "200",
};

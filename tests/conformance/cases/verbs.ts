import { expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";

/** The requests, by the names that the table uses. `{id}` stands behind /containers. */
const verbs: Readonly<Record<string, readonly [method: string, path: string, body?: unknown]>> = {
  start: ["POST", "/start"],
  stop: ["POST", "/stop?t=0"],
  restart: ["POST", "/restart?t=0"],
  kill: ["POST", "/kill"],
  "kill-usr1": ["POST", "/kill?signal=USR1"],
  "kill-term": ["POST", "/kill?signal=TERM"],
  "kill-odd": ["POST", "/kill?signal=NOPE"],
  pause: ["POST", "/pause"],
  unpause: ["POST", "/unpause"],
  "rename-same": ["POST", "/rename?name=NAME"],
  remove: ["DELETE", ""],
  "remove-force": ["DELETE", "?force=1"],
  wait: ["POST", "/wait"],
  top: ["GET", "/top"],
  resize: ["POST", "/resize?h=10&w=10"],
  exec: ["POST", "/exec", { Cmd: ["true"] }],
  logs: ["GET", "/logs?stdout=1"],
  inspect: ["GET", "/json"],
  stats: ["GET", "/stats?stream=false&one-shot=true"],
  update: ["POST", "/update", { CpuShares: 512 }],
  attach: ["POST", "/attach?stdout=1"],
};

/**
 * Every verb on every status: the answer, the status afterwards, and what the message has (`|` parts the sentences of
 * newer and older engines; letters' case does not count).
 */
const table = `
created    start        204 running
created    stop         304 created
created    restart      204 running
created    kill         409 created     cannot kill container: ID: container ID is not running
created    kill-usr1    409 created     container ID is not running
created    kill-term    409 created     container ID is not running
created    kill-odd     400 created     invalid signal: NOPE
created    pause        409 created     container ID is not running
created    unpause      409 created     container ID is not paused
created    rename-same  400 created     Renaming a container with the same name as its current name
created    remove       204 gone
created    remove-force 204 gone
created    wait         200 created
created    top          409 created     container ID is not running
created    resize       409 created     container ID is not running
created    exec         409 created     container ID is not running
created    logs         200 created
created    inspect      200 created
created    stats        200 created
created    update       200 created
created    attach       200 created
running    start        304 running
running    stop         204 exited
running    restart      204 running
running    kill         204 exited
running    kill-usr1    204 running
running    kill-odd     400 running     invalid signal: NOPE
running    pause        204 paused
running    unpause      409 running     container ID is not paused
running    rename-same  400 running     Renaming a container with the same name as its current name
running    remove       409 running     cannot remove container "/NAME": container is running: stop the container before removing or force remove|You cannot remove a running container ID. Stop the container before attempting removal or force remove
running    remove-force 204 gone
running    top          200 running
running    resize       200 running
running    exec         201 running
running    logs         200 running
running    inspect      200 running
running    stats        200 running
running    update       200 running
running    attach       200 running
paused     start        409 paused      cannot start a paused container, try unpause instead
paused     stop         204 exited
paused     restart      204 running
paused     kill         204 exited
paused     kill-usr1    204 running
paused     kill-odd     400 paused      invalid signal: NOPE
paused     pause        409 paused      container ID is already paused
paused     unpause      204 running
paused     rename-same  400 paused      Renaming a container with the same name as its current name
paused     remove       409 paused      cannot remove container "/NAME": container is paused and must be unpaused first|You cannot remove a paused container ID. Unpause and then stop the container before attempting removal or force remove
paused     remove-force 204 gone
paused     top          200 paused
paused     resize       200 paused
paused     exec         409 paused      container ID is paused, unpause the container before exec
paused     logs         200 paused
paused     inspect      200 paused
paused     stats        200 paused
paused     update       200 paused
paused     attach       409 paused      container ID is paused, unpause the container before attach
exited     start        204 running
exited     stop         304 exited
exited     restart      204 running
exited     kill         409 exited      cannot kill container: ID: container ID is not running
exited     kill-usr1    409 exited      container ID is not running
exited     kill-odd     400 exited      invalid signal: NOPE
exited     pause        409 exited      container ID is not running
exited     unpause      409 exited      container ID is not paused
exited     rename-same  400 exited      Renaming a container with the same name as its current name
exited     remove       204 gone
exited     remove-force 204 gone
exited     wait         200 exited
exited     top          409 exited      container ID is not running
exited     resize       409 exited      container ID is not running
exited     exec         409 exited      container ID is not running
exited     logs         200 exited
exited     inspect      200 exited
exited     stats        200 exited
exited     update       200 exited
exited     attach       200 exited
restarting start        304 restarting
restarting stop         204 exited
restarting restart      204 running
restarting kill         204 exited
restarting kill-usr1    204 exited
restarting kill-odd     400 restarting  invalid signal: NOPE
restarting pause        409 restarting  container ID is restarting, wait until the container is running
restarting unpause      409 restarting  container ID is not paused
restarting rename-same  400 restarting  Renaming a container with the same name as its current name
restarting remove       409 restarting  cannot remove container "/NAME": container is restarting: stop the container before removing or force remove|You cannot remove a restarting container ID. Stop the container before attempting removal or force remove
restarting remove-force 204 gone
restarting top          409 restarting  container ID is restarting, wait until the container is running
restarting exec         409 restarting  container ID is restarting, wait until the container is running
restarting logs         200 restarting
restarting inspect      200 restarting
restarting stats        200 restarting
restarting update       200 restarting
restarting attach       409 restarting  container ID is restarting, wait until the container is running
`;

/** 20.10 takes these refusals for faults of its own. */
const olderStatus: Readonly<Record<string, number>> = { unpause: 500 };

type State = "created" | "running" | "paused" | "exited" | "restarting";
const states: readonly State[] = ["created", "running", "paused", "exited", "restarting"];

/** How often a container that restarts has ended when it is looked at: the next pause takes 3.2 s. */
const ends = 6;
/** What is started again later stays. */
const scripts: Partial<Record<State, string>> = {
  exited: "test -e /again && sleep 1000; touch /again; exit 3",
  restarting: `echo >> /starts; test $(wc -l < /starts) -gt ${ends} && sleep 1000; exit 1`,
};
const loop = "trap 'exit 0' TERM; trap : USR1; while :; do sleep 0.1; done";

/** Each verb of the API on a container in each status: the same status code, words and outcome. */
export function verbCases(target: () => Target): void {
  for (const state of states) {
    test(`every verb on a container that is ${state}`, async () => {
      // The API is the same whichever client starts the engine.
      if (target().client !== "docker") return;
      let made = await make(target(), state);
      for (const line of table.split("\n").filter((text) => text.startsWith(`${state} `))) {
        const [, verb = "", status, after = "", words = ""] = /^\S+\s+(\S+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
        const [method, path, body] = verbs[verb] ?? ["", ""];
        if (state === "restarting" && performance.now() - made.atMs > 1000) {
          await target().api("DELETE", `/containers/${made.id}?force=1`);
          made = await make(target(), state);
        }
        const answer = await target().api(method, `/containers/${made.id}${path.replace("NAME", made.name)}`, body);
        const now = await stateOf(target(), made.id);
        const message = answer.status < 400 ? "" : messageOf(answer.text);
        const plain = message.replaceAll(made.id, "ID").replaceAll(made.name, "NAME").toLowerCase();
        const older = target().engine.kind === "dockerd" ? olderStatus[verb] : undefined;
        expect({ state, verb, status: answer.status, after: now, message }).toEqual({
          state,
          verb,
          status: answer.status >= 400 && older !== undefined ? older : Number(status),
          after,
          message:
            words === "" ||
            words
              ?.toLowerCase()
              .split("|")
              .some((part) => plain.includes(part))
              ? message
              : words,
        });
        if (now === state) continue;
        if (now !== "gone") await target().api("DELETE", `/containers/${made.id}?force=1`);
        made = await make(target(), state);
      }
    }, 180_000);
  }
}

const messageOf = (text: string): string =>
  text.startsWith("{") ? (JSON.parse(text) as { readonly message: string }).message : text.trim();

async function stateOf(target: Target, id: string): Promise<string> {
  const { status, text } = await target.api("GET", `/containers/${id}/json`);
  return status === 404 ? "gone" : (JSON.parse(text) as { readonly State: { readonly Status: string } }).State.Status;
}

let count = 0;

interface Made {
  readonly id: string;
  readonly name: string;
  /** When it got there. */
  readonly atMs: number;
}

async function make(target: Target, state: State): Promise<Made> {
  const name = `verbs-${count++}`;
  const Cmd = ["sh", "-c", scripts[state] ?? loop];
  const HostConfig = { RestartPolicy: { Name: state === "restarting" ? "always" : "no" } };
  const created = await target.api("POST", `/containers/create?name=${name}`, { Image: "busybox", Cmd, HostConfig });
  const { Id: id } = JSON.parse(created.text) as { readonly Id: string };
  const act = (verb: string): Promise<unknown> => target.api("POST", `/containers/${id}/${verb}`);
  if (state !== "created") await act("start");
  if (state === "paused") await act("pause");
  if (state === "exited") await act("wait");
  await eventually(`${name} is ${state}`, async () => {
    const { State, RestartCount } = JSON.parse((await target.api("GET", `/containers/${id}/json`)).text) as {
      readonly State: { readonly Status: string };
      readonly RestartCount: number;
    };
    return State.Status === state && (state !== "restarting" || RestartCount >= ends) ? true : undefined;
  });
  return { id, name, atMs: performance.now() };
}

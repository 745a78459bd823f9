import type { RunningEngine } from "./engines.ts";

export interface ChurnOptions {
  readonly clients: number;
  /** Names that all clients use; each has one of its own besides. */
  readonly sharedNames: number;
  /** Asked before every request: false ends the churn. */
  readonly goesOn: () => boolean;
  /** A whole number from 0 to below `limit`, for the request that `what` names. */
  readonly chosen: (what: string, limit: number) => number;
}

export interface ChurnResult {
  readonly requests: number;
  /** How often each `VERB STATUS` was answered. */
  readonly answers: ReadonlyMap<string, number>;
  /** Answers that are a fault of the engine, and requests without one; one line each. */
  readonly faults: readonly string[];
}

type Verb = readonly [name: string, method: string, path: string, body?: unknown];

const print = "trap 'exit 5' TERM; while :; do echo line; sleep 0.05; done";
const bodies: readonly unknown[] = [
  { Image: "busybox", Cmd: ["sh", "-c", print], StopTimeout: 1 },
  { Image: "busybox", Cmd: ["sleep", "0.2"], HostConfig: { RestartPolicy: { Name: "always" } } },
  { Image: "busybox", Cmd: ["sh", "-c", print], Tty: true, HostConfig: { AutoRemove: true } },
  {
    Image: "busybox",
    Cmd: ["sleep", "3600"],
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/data": {} },
    HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
  },
  { Image: "busybox", Cmd: ["no-such-program"] },
];

/** How long an answer may take: far above what any of these verbs needs on a busy machine. */
const answerWithinMs = 60_000;

/**
 * Clients that create, start, stop, pause, rename, enter and remove the same and different containers at once, in an
 * order that chance makes. The containers they leave are the caller's.
 */
export async function churn(engine: RunningEngine, options: ChurnOptions): Promise<ChurnResult> {
  const answers = new Map<string, number>();
  const faults: string[] = [];
  let requests = 0;

  const client = async (number: number): Promise<void> => {
    const names = [`own-${number}`, ...Array.from({ length: options.sharedNames }, (_, index) => `shared-${index}`)];
    for (let turn = 0; options.goesOn(); turn++) {
      const pick = <T>(what: string, from: readonly T[]): T =>
        from[options.chosen(`client ${number}, ${turn}: ${what}`, from.length)] as T;
      const name = pick("name", names);
      const verbs = verbsOn(name, pick("other name", names), pick("container", bodies));
      const [verb, method, path, body] = pick("verb", verbs);
      requests++;
      try {
        const response = await fetch(`http://engine/v1.41${path}`, {
          unix: engine.socket,
          method,
          signal: AbortSignal.timeout(answerWithinMs),
          ...(body === undefined
            ? {}
            : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        });
        const text = await response.text();
        const key = `${verb} ${response.status}`;
        answers.set(key, (answers.get(key) ?? 0) + 1);
        if (
          response.status >= 500 ||
          (verb === "start" && response.status === 400 && !text.includes("no-such-program"))
        ) {
          faults.push(`${verb} ${name}: ${response.status} ${text.trim()}`);
        }
      } catch (error) {
        faults.push(`${verb} ${name}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
  return { requests, answers, faults };
}

function verbsOn(name: string, other: string, container: unknown): readonly Verb[] {
  const at = `/containers/${name}`;
  return [
    ["create", "POST", `/containers/create?name=${name}`, container],
    ["create", "POST", `/containers/create?name=${name}`, container],
    ["start", "POST", `${at}/start`],
    ["start", "POST", `${at}/start`],
    ["start", "POST", `${at}/start`],
    ["stop", "POST", `${at}/stop?t=1`],
    ["restart", "POST", `${at}/restart?t=0`],
    ["kill", "POST", `${at}/kill`],
    ["signal", "POST", `${at}/kill?signal=USR2`],
    ["pause", "POST", `${at}/pause`],
    ["unpause", "POST", `${at}/unpause`],
    ["rename", "POST", `${at}/rename?name=${other}`],
    ["exec", "POST", `${at}/exec`, { Cmd: ["true"] }],
    ["logs", "GET", `${at}/logs?stdout=1&tail=10`],
    ["top", "GET", `${at}/top`],
    ["stats", "GET", `${at}/stats?stream=0&one-shot=1`],
    ["inspect", "GET", `${at}/json`],
    ["list", "GET", "/containers/json?all=1&size=1"],
    ["remove", "DELETE", `${at}?v=1`],
    ["force", "DELETE", `${at}?force=1&v=1`],
  ];
}

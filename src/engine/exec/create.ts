import { BerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { Events } from "../ports.ts";
import type { ExecRegistry } from "./exec.ts";
import { refuseUnlessUp } from "../container/life/refuse-unless-up.ts";

/** Ended execs that can still be inspected, per container; Docker drops them after five minutes. */
const endedToKeep = 16;
/** Execs that nobody has started, per container: clients that only create them must not fill the engine. */
const unstartedToKeep = 1000;

/** `POST /containers/{id}/exec`. `conflict` unless the container runs, `invalid-parameter` without a command. */
export function createExec(deps: {
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly events: Events;
}) {
  return (reference: string, config: ExecConfig): { readonly Id: string } => {
    const container = deps.registry.find(reference);
    refuseUnlessRunning(container, reference);
    if ((config.Cmd ?? []).length === 0) throw new BerthError("invalid-parameter", "No exec command specified");
    for (const variable of config.Env ?? []) {
      if (variable === "" || variable.startsWith("=")) {
        throw new BerthError("invalid-parameter", `invalid environment variable: ${variable}`);
      }
    }
    const id = randomId();
    const row = { id, containerId: container.id, spec: config, status: { state: "created" } } as const;
    deps.execs.insert(row, oldest(deps.execs, container.id));
    publishContainerEvent(deps.events, `exec_create: ${execText(config.Cmd)}`, container, { execID: id });
    return { Id: id };
  };
}

/** docker-compat: the command as events tell it; a blank follows the first word even when it is the only one. */
export function execText(command: readonly string[] | null): string {
  const [first = "", ...rest] = command ?? [];
  return `${first} ${rest.join(" ")}`;
}

/** `conflict` in Docker's words unless the container runs; a paused one is named as it was asked for. */
export function refuseUnlessRunning(container: Container, reference = container.id): void {
  if (container.status.state === "paused")
    throw new BerthError("conflict", `Container ${reference} is paused, unpause the container before exec`);
  refuseUnlessUp(container);
}

/** Those that make room for one more. */
function oldest(execs: ExecRegistry, containerId: string): readonly string[] {
  const rows = execs.ofContainer(containerId);
  const ended = rows.filter(({ status }) => status.state === "exited");
  const unstarted = rows.filter(({ id, status }) => status.state === "created" && !execs.hasBegun(id));
  return [...allBut(endedToKeep - 1, ended), ...allBut(unstartedToKeep - 1, unstarted)].map(({ id }) => id);
}

const allBut = <T>(newest: number, rows: readonly T[]): readonly T[] =>
  rows.slice(0, Math.max(0, rows.length - newest));

import { BerthError } from "#base/errors.ts";
import type { ExecConfig } from "#spec/docker/exec.ts";
import type { ContainerSpec, Life } from "./container/spec.ts";
import type { Status } from "./container/status.ts";
import type { ExecStatus } from "./exec/status.ts";

/**
 * The engine wrote these values itself, whole and through types; a look at their outline tells a damaged database from a
 * sound one. Each throws `data-loss` otherwise.
 */
const states: Readonly<Record<Status["state"], true>> = {
  created: true,
  starting: true,
  running: true,
  paused: true,
  restarting: true,
  exited: true,
  removing: true,
  dead: true,
};
const execStates: Readonly<Record<ExecStatus["state"], true>> = { created: true, running: true, exited: true };

export function containerSpecOf(value: unknown): ContainerSpec {
  const spec = object(value, "container spec");
  need(typeof spec["id"] === "string" && Array.isArray(spec["argv"]) && Array.isArray(spec["mounts"]), "container spec");
  for (const part of ["image", "config", "hostConfig", "networking"]) object(spec[part], `container spec ${part}`);
  return value as ContainerSpec;
}

export function lifeOf(value: unknown): Life {
  const life = object(value, "container status");
  need(Object.hasOwn(states, String(object(life["status"], "container status")["state"])), "container status");
  need(typeof life["restartCount"] === "number" && typeof life["stoppedByUser"] === "boolean", "container status");
  return value as Life;
}

export function execConfigOf(value: unknown): ExecConfig {
  need(Array.isArray(object(value, "exec spec")["Cmd"]), "exec spec");
  return value as ExecConfig;
}

export function execStatusOf(value: unknown): ExecStatus {
  need(Object.hasOwn(execStates, String(object(value, "exec status")["state"])), "exec status");
  return value as ExecStatus;
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  need(typeof value === "object" && value !== null, what);
  return value as Readonly<Record<string, unknown>>;
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new BerthError("data-loss", `not a ${what}`);
}

import type { Join, Plan, Step } from "./ops.ts";

/** A plan for people and golden files: one line a decision, steps numbered as failures number them. */
export function printPlan(plan: Plan): string {
  const lines = [
    `create ${plan.create.join(" ") || "nothing"}`,
    ...plan.join.map(printJoin),
    ...printMap("uid-map", plan.uidMap),
    ...printMap("gid-map", plan.gidMap),
    ...(plan.timeOffsets === undefined ? [] : [`time-offsets ${printValue(plan.timeOffsets)}`]),
    ...(plan.cgroup.directory === undefined ? [] : [`cgroup ${plan.cgroup.directory}`]),
    ...plan.cgroup.procs.map((path) => `cgroup ${path}`),
    ...plan.steps.map((step, index) => `${String(index).padStart(3)} ${printStep(step)}`),
    `exec ${printValue(plan.exec.argv)} env ${printValue(plan.exec.env)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** `op field=value …`; fields that say nothing (empty, zero, false) are left out. */
export function printStep(step: Step): string {
  const fields = Object.entries(step)
    .filter(([name, value]) => name !== "op" && !isDefault(value))
    .map(([name, value]) => `${name}=${printValue(value)}`);
  return [step.op, ...fields].join(" ");
}

function printMap(name: string, text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => `${name} ${line}`);
}

function printJoin(join: Join): string {
  return join.by === "path"
    ? `join ${join.kind} ${join.path}`
    : `join ${join.kinds.join(" ")} of ${join.pid} started ${join.startTicks}`;
}

function isDefault(value: unknown): boolean {
  return (
    value === 0 ||
    value === 0n ||
    value === false ||
    value === "" ||
    ((Array.isArray(value) || value instanceof Uint8Array) && value.length === 0)
  );
}

function printValue(value: unknown): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (typeof value === "number" && value > 0xffff) return `0x${value.toString(16)}`;
  return JSON.stringify(value);
}

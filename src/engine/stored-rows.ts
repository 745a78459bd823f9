import { BerthError } from "#base/errors.ts";
import type { ExitReport } from "#spec/berth/exit-report.ts";
import type { PullFailure } from "#spec/berth/why-pull.ts";
import { execConfig, type ExecConfig } from "#spec/docker/exec.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { networkingConfig } from "#spec/docker/networking.ts";
import { decode } from "#spec/docker/schema.ts";
import { stopReasons, type ContainerSpec, type Life, type Link, type StopRequest } from "./container/spec.ts";
import type { Status } from "./container/status.ts";
import { parseHealth } from "./health/health.ts";
import type { ExecStatus } from "./exec/status.ts";

/**
 * What the store reads back may have been written by an older program: the API's parts are decoded again, so that a
 * property that did not exist then has its zero value, and the rest must have its form. `invalid-parameter` otherwise,
 * which the store reports as data loss of that row.
 */
export function validateSpec(value: unknown): ContainerSpec {
  const row = record(value, "spec");
  const image = record(row["image"], "spec.image");
  return {
    id: text(row, "id"),
    image: {
      id: text(image, "id"),
      reference: text(image, "reference"),
      diffIds: texts(image, "diffIds"),
      ...platformOf(image["platform"]),
    },
    config: decode(containerConfig, row["config"]),
    hostConfig: decode(hostConfig, row["hostConfig"]),
    networking: decode(networkingConfig, row["networking"]),
    ...(row["leftMode"] === true ? { leftMode: true } : {}),
    argv: texts(row, "argv"),
    ...labelsOf(row["labels"]),
    mounts: list(row, "mounts").map((mount) => {
      if (!["bind", "volume", "image", "tmpfs"].includes(text(record(mount, "mount"), "type"))) throw bad("mount.type");
      return mount as ContainerSpec["mounts"][number];
    }),
  };
}

/**
 * A specification as its row has it, without what has its zero value: a third of the bytes, so that several rows share a
 * page. {@link validateSpec} puts it back.
 */
export function storedSpec(spec: ContainerSpec): unknown {
  return {
    ...spec,
    config: withoutZeros(spec.config, containerConfig.zero),
    hostConfig: withoutZeros(spec.hostConfig, hostConfig.zero),
  };
}

function withoutZeros(value: object, zero: object): object {
  const zeros = zero as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(value).filter(([name, item]) => !isSame(item, zeros[name])));
}

/** As JSON. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return typeof one === "object" && typeof other === "object" && JSON.stringify(one) === JSON.stringify(other);
}

const states: ReadonlySet<string> = new Set<Status["state"]>([
  "created",
  "starting",
  "running",
  "paused",
  "restarting",
  "exited",
  "removing",
  "dead",
]);

export function validateLife(value: unknown): Life {
  const row = record(value, "life");
  const status = record(row["status"], "life.status");
  if (!states.has(text(status, "state"))) throw bad("life.status.state");
  const health = parseHealth(row["health"]);
  if (typeof row["restartCount"] !== "number") throw bad("life.restartCount");
  return {
    status: status as unknown as Status,
    restartCount: row["restartCount"],
    stoppedByUser: row["stoppedByUser"] === true,
    ...(health === undefined ? {} : { health }),
    ...(row["links"] === undefined ? {} : { links: list(row, "links").map(link) }),
    ...(typeof row["restartDelayMs"] === "number" ? { restartDelayMs: row["restartDelayMs"] } : {}),
    ...(isStopRequest(row["stopRequest"]) ? { stopRequest: row["stopRequest"] } : {}),
  };
}

function labelsOf(value: unknown): Pick<ContainerSpec, "labels"> {
  if (value === undefined) return {};
  const row = record(value, "spec.labels");
  return { labels: { process: text(row, "process"), mount: text(row, "mount") } };
}

function platformOf(value: unknown): Pick<ContainerSpec["image"], "platform"> {
  if (value === undefined) return {};
  const row = record(value, "spec.image.platform");
  const variant = row["variant"] === undefined ? {} : { variant: text(row, "variant") };
  return { platform: { os: text(row, "os"), architecture: text(row, "architecture"), ...variant } };
}

function isStopRequest(value: unknown): value is StopRequest {
  if (typeof value !== "object" || value === null) return false;
  const { by, signal, atNs } = value as Record<string, unknown>;
  return (
    stopReasons.some((reason) => reason === by) &&
    typeof signal === "number" &&
    typeof atNs === "string" &&
    /^\d{1,19}$/.test(atNs)
  );
}

function link(value: unknown): Link {
  const row = record(value, "link");
  return { containerId: text(row, "containerId"), name: text(row, "name"), alias: text(row, "alias") };
}

/** A report is read only to be shown: that it is one is enough. */
export function validateExitReport(value: unknown): ExitReport {
  const row = record(value, "report");
  for (const name of ["Kind", "Reason", "Cause", "FinishedAt"]) text(row, name);
  texts(row, "LastOutput");
  return row as unknown as ExitReport;
}

export function validatePullFailure(value: unknown): PullFailure {
  const row = record(value, "pull failure");
  for (const name of ["At", "Cause", "Reason", "Advice", "Message"]) text(row, name);
  return row as unknown as PullFailure;
}

export function validateExecSpec(value: unknown): ExecConfig {
  return decode(execConfig, value);
}

export function validateExecStatus(value: unknown): ExecStatus {
  const row = record(value, "exec");
  switch (row["state"]) {
    case "created":
      return { state: "created" };
    case "running":
      return { state: "running", pid: number(row, "pid") };
    case "exited":
      return { state: "exited", exitCode: number(row, "exitCode") };
    default:
      throw bad("exec.state");
  }
}

const bad = (what: string): BerthError => new BerthError("invalid-parameter", `${what} has not the form it must have`);

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(what);
  return value as Readonly<Record<string, unknown>>;
}

function text(row: Readonly<Record<string, unknown>>, name: string): string {
  const value = row[name];
  if (typeof value !== "string") throw bad(name);
  return value;
}

function number(row: Readonly<Record<string, unknown>>, name: string): number {
  const value = row[name];
  if (typeof value !== "number") throw bad(name);
  return value;
}

function list(row: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = row[name];
  if (!Array.isArray(value)) throw bad(name);
  return value;
}

function texts(row: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const values = list(row, name);
  if (!values.every((value) => typeof value === "string")) throw bad(name);
  return values;
}

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { randomHex } from "#base/ids.ts";
import { mustRun } from "../../../tools/lab/command.ts";
import { untilNow } from "../../../tools/lab/until-now.ts";
import { at, type ApiAtVersion } from "./at-version.ts";

/** What API 1.`since` changed: the same question asked by a client of the version before it and by one of it. */
export interface VersionRow {
  readonly since: number;
  readonly what: string;
  readonly see: (api: ApiAtVersion) => Promise<unknown>;
  readonly before: unknown;
  readonly after: unknown;
}

export const MIB = 1 << 20;
export const mac = "02:42:ac:11:00:99";
export const size = [33, 77];
export const sttySize = { Cmd: ["stty", "size"] };
export const inspected = (property: string, body: object) => (api: ApiAtVersion) =>
  api.container(body, (id) => api.see(`/containers/${id}/json`, property));
export const created = (body: object) => (api: ApiAtVersion) => api.container(body, async (_id, { status }) => status);
export const warned = (body: object) => (api: ApiAtVersion) =>
  api.container(body, async (_id, { body: answer }) => {
    const warnings = at(answer, "Warnings");
    return Array.isArray(warnings) ? warnings.map((text) => String(text).replace(/ .*/su, "")) : warnings;
  });
export const bind = (source: string, more: object) => ({ Type: "bind", Source: source, Target: "/b", ...more });
export const mounts = (...Mounts: readonly object[]) => ({ HostConfig: { Mounts } });
export const isThere = (url: string, property: string) => async (api: ApiAtVersion) =>
  (await api.see(url, property)) !== "absent";
export const told = (url: string, property: string) => (api: ApiAtVersion) => api.see(url, property);
export const toldOfOne =
  (url: (id: string) => string, property: string, body: object = {}) =>
  (api: ApiAtVersion) =>
    api.running(body, (id) => api.see(url(id), property));
export const listed = (id: string): string => `/containers/json?all=1&filters=${filter({ name: [id] })}`;
export const filter = (filters: object): string => encodeURIComponent(JSON.stringify(filters));

/** Whether a container can write below its read-only bind, where another file system is mounted. */
export async function writesBelow(api: ApiAtVersion, host: (source: string) => object): Promise<boolean> {
  const source = join(api.scratch, `below-${randomHex(6)}`);
  mkdirSync(join(source, "sub"), { recursive: true });
  await mustRun(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", join(source, "sub")]);
  try {
    return (await api.ran({ Cmd: ["touch", "/b/sub/file"], HostConfig: host(source) })).code === 0;
  } finally {
    await mustRun(["umount", join(source, "sub")]);
  }
}

export async function network<T>(api: ApiAtVersion, body: object, use: (name: string) => Promise<T>): Promise<T> {
  const name = `at-version-${randomHex(6)}`;
  const made = await api.ask("POST", "/networks/create", { Name: name, CheckDuplicate: true, ...body });
  if (made.status !== 201) return `${made.status} ${made.text}` as T;
  try {
    return await use(name);
  } finally {
    await api.ask("DELETE", `/networks/${name}`);
  }
}

export async function exec(api: ApiAtVersion, id: string, create: object, start: object): Promise<string> {
  const made = await api.ask("POST", `/containers/${id}/exec`, { AttachStdout: true, ...create });
  const { text } = await api.ask("POST", `/exec/${String(at(made.body, "Id"))}/start`, start);
  return text.trim();
}

/** A container that says which signal ended it. */
const trapping = { Cmd: ["sh", "-c", "trap 'exit 7' USR1; trap 'exit 8' TERM; echo up; while :; do sleep 0.1; done"] };

export async function stopped(api: ApiAtVersion, verb: string): Promise<unknown> {
  return api.running(trapping, async (id) => {
    while (!(await api.ask("GET", `/containers/${id}/logs?stdout=1`)).text.includes("up")) await Bun.sleep(20);
    await api.ask("POST", `/containers/${id}/${verb}`);
    return api.see(`/containers/${id}/json`, "State.ExitCode");
  });
}

export async function events(api: ApiAtVersion, headers: Readonly<Record<string, string>> = {}) {
  const since = Date.now() / 1000 - 1;
  const name = await api.container({}, async (id) => id);
  const url = `/events?since=${since}&until=${untilNow()}&filters=${filter({ container: [name], event: ["create"] })}`;
  return api.ask("GET", url, undefined, { headers });
}

import type { Row } from "./row.ts";
import { listTar, withoutChance } from "./streams.ts";

/** What tells engines apart that are to be compared. */
export interface Player {
  readonly socket: string;
  /** Of the API; the newest that docker 26.1 speaks when not given. */
  readonly version?: string;
  /** Folder of the engine's files: shown as ROOT. */
  readonly dir: string;
  /** What steps send by `@NAME`. */
  readonly bodies?: Readonly<Record<string, Uint8Array>>;
  /** What stands for `{NAME}` in steps. */
  readonly digests?: Readonly<Record<string, string>>;
}

/** The newest version that docker 26.1 speaks. */
const VERSION = "1.45";

/** `STATUS BODY` of each step, with what differs from run to run made alike. Leaves nothing of what the steps made. */
export async function play(player: Player, { steps }: Row): Promise<readonly string[]> {
  const seen = new Map<string, string>();
  const lines: string[] = [];
  try {
    for (const step of steps) lines.push(await take(player, step, seen));
  } finally {
    await removeMade(player);
  }
  return lines;
}

async function take(player: Player, step: string, seen: Map<string, string>): Promise<string> {
  const { socket, dir, version: usual = VERSION, bodies = {}, digests = {} } = player;
  const told = step.replace(/(?:\{|%7B)(\w+)(?:\}|%7D)/gu, (name, key: string) => digests[key] ?? name);
  const [, version = usual, method = "", path = "", auth, rest] =
    /^(?:v(\S+) )?(\S+) (\S+)(?: auth=(\S*))?(?: (.*))?$/su.exec(told) ?? [];
  const archive = rest?.startsWith("@") === true ? bodies[rest.slice(1)] : undefined;
  const body = archive === undefined ? (rest?.startsWith(".") === true ? undefined : rest) : Buffer.from(archive);
  const response = await fetch(`http://engine/v${version}${path}`, {
    unix: socket,
    method,
    headers: {
      ...(body === undefined
        ? {}
        : { "content-type": archive === undefined ? "application/json" : "application/x-tar" }),
      ...(auth === undefined ? {} : { "x-registry-auth": auth }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const picked = rest?.startsWith(".") === true ? rest.slice(1).split(".") : [];
  if (response.headers.get("content-type") === "application/x-tar")
    return `${response.status} ${membersOf(new Uint8Array(await response.arrayBuffer()))}`;
  return `${response.status} ${alike(printed(await response.text(), picked), dir, seen)}`.trimEnd();
}

/** Names in an archive, and how many blobs; each engine packs its layers in its own way. */
function membersOf(archive: Uint8Array): string {
  const names = listTar(archive).map((name) => name.replace(/[0-9a-f]{64}/u, "HEX"));
  return `an archive of ${[...new Set(names)].toSorted().join(" ")}`;
}

/** dockerd tells what it has in a map in another order each time. */
const inOrder = (list: string, between: string): string => list.split(between).toSorted().join(between);

/** Ids by the order in which they were seen first. */
function alike(text: string, dir: string, seen: Map<string, string>): string {
  const id = (found: string): string => {
    const known = seen.get(found) ?? `ID${seen.size + 1}`;
    seen.set(found, known);
    return known;
  };
  return text
    .replaceAll(dir, "ROOT")
    .replace(/[0-9a-f]{64}/gu, id)
    .replace(/(?:172\.\d+|192\.168)\.\d+\.\d+(?:\/\d+)?/gu, "POOL")
    .replace(/(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/gu, "SHORT")
    .replace(/(?<=multiple network endpoints: )[^"]+/gu, (names) => inOrder(names, ", "))
    .replace(/(?<=invalid filter '[\w-]+=\[)[^\]]+/gu, (words) => inOrder(words, " "))
    .replace(/(?<=digest: sha256:ID\d+ size: )\d+|(?<="Digest":"sha256:ID\d+","Size":)\d+/gu, "SIZE")
    .replace(/(?<="SpaceReclaimed":)[1-9]\d*/gu, "SIZE")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/gu, "TIME");
}

/** Newer than docker 26.1, chosen anew each time, or the engine's own affair. */
const unequal = new Set(["EnableIPv4", "GwPriority", "GraphDriver", "DockerVersion"]);
const random = new Set(["MacAddress", "EndpointID", "SandboxID"]);

function printed(text: string, path: readonly string[]): string {
  try {
    return shown(pick(JSON.parse(text), path));
  } catch {
    return withoutChance(text.trim().split(/\r?\n/u), (line) => shown(JSON.parse(line))).join("\n");
  }
}

/** `*` stands for each of a list. */
function pick(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (name === "*") return Array.isArray(value) ? value.map((one) => pick(one, rest)) : value;
  return pick((value as Readonly<Record<string, unknown>> | null)?.[name], rest);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  return JSON.stringify(value, (name: string, item: unknown) => {
    if (unequal.has(name)) return undefined;
    if (Array.isArray(item) && item.every((one) => nameOf(one) !== undefined)) return sortedByName(item);
    // Images of one second come in no order.
    if (Array.isArray(item) && item.every((one) => tagsOf(one) !== undefined))
      return item.toSorted((a, b) => ((tagsOf(a) ?? "") < (tagsOf(b) ?? "") ? -1 : 1));
    if (Array.isArray(item) && item.every((one) => typeof one === "number")) return item.toSorted((a, b) => a - b);
    if (Array.isArray(item)) return item;
    if (random.has(name) && typeof item === "string" && item !== "" && !item.endsWith(":99")) return name.toUpperCase();
    if (name === "Created" && typeof item === "number") return "TIME";
    if (typeof item === "string") return item.trimEnd();
    if (typeof item !== "object" || item === null) return item;
    const members = Object.entries(item).filter(([key]) => key !== "Gateway" || !isUntoldGateway(item));
    return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Where nobody named a gateway docker 26.1 shows none, and Berth the one that was chosen. */
function isUntoldGateway(pool: object): boolean {
  if (!("Gateway" in pool) || !("Subnet" in pool)) return false;
  return /^(?:10\.9\d\.\d+\.[01]|fd9\d::1?)$/u.test(String(pool.Gateway));
}

/** Of a network or volume. */
const nameOf = (item: unknown): string | undefined =>
  typeof item === "object" && item !== null && "Name" in item ? String(item.Name) : undefined;

/** Of an image, in a list of images or of their tags alone. */
function tagsOf(item: unknown): string | undefined {
  const tags = typeof item === "object" && item !== null && "RepoTags" in item ? item.RepoTags : item;
  return Array.isArray(tags) || tags === null ? JSON.stringify(tags) : undefined;
}

function sortedByName(items: readonly unknown[]): readonly unknown[] {
  return items.toSorted((a, b) => ((nameOf(a) ?? "") < (nameOf(b) ?? "") ? -1 : 1));
}

async function removeMade({ socket, version = VERSION }: Player): Promise<void> {
  const ask = (method: string, path: string): Promise<Response> =>
    fetch(`http://engine${path}`, { unix: socket, method });
  const list = async (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    (await (await ask("GET", path)).json()) as never;
  for (const { Id } of await list(`/v${version}/containers/json?all=1`))
    await ask("DELETE", `/containers/${String(Id)}?force=1&v=1`);
  const custom = encodeURIComponent(JSON.stringify({ type: ["custom"] }));
  // One of configuration alone goes after those that are made of it.
  for (let round = 0; round < 2; round++)
    for (const { Id } of await list(`/v${version}/networks?filters=${custom}`))
      await ask("DELETE", `/networks/${String(Id)}`);
  await removeImages(ask, await list(`/v${version}/images/json?all=1`));
  const { Volumes } = (await (await ask("GET", `/v${version}/volumes`)).json()) as {
    readonly Volumes: readonly { readonly Name: string }[] | null;
  };
  for (const { Name } of Volumes ?? []) await ask("DELETE", `/volumes/${Name}?force=1`);
}

/** All but busybox, which everything runs from; children first, as those with names are. */
async function removeImages(
  ask: (method: string, path: string) => Promise<Response>,
  images: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const namesOf = (image: Readonly<Record<string, unknown>>): readonly string[] =>
    [image["RepoTags"], image["RepoDigests"]].flatMap((names) => (names ?? []) as readonly string[]);
  const keep = images.find((image) => namesOf(image).includes("busybox:latest"));
  for (const name of keep === undefined ? [] : namesOf(keep))
    if (!name.startsWith("busybox")) await ask("DELETE", `/images/${name}`);
  for (const image of images)
    if (image !== keep)
      for (const name of [...namesOf(image).filter((one) => !one.includes("<none>")), String(image["Id"])])
        await ask("DELETE", `/images/${name}?force=1`);
}

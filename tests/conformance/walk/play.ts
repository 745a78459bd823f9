import type { Row } from "./row.ts";

/** What tells engines apart that are to be compared. */
export interface Player {
  readonly socket: string;
  /** Of the API; the newest that docker 26.1 speaks when not given. */
  readonly version?: string;
  /** Folder of the engine's files: shown as ROOT. */
  readonly dir: string;
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

async function take(
  { socket, dir, version: usual = VERSION }: Player,
  step: string,
  seen: Map<string, string>,
): Promise<string> {
  const [, version = usual, method = "", path = "", rest] = /^(?:v(\S+) )?(\S+) (\S+)(?: (.*))?$/su.exec(step) ?? [];
  const body = rest === undefined || rest.startsWith(".") ? undefined : rest;
  const response = await fetch(`http://engine/v${version}${path}`, {
    unix: socket,
    method,
    ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  const picked = rest?.startsWith(".") === true ? rest.slice(1).split(".") : [];
  return `${response.status} ${alike(printed(await response.text(), picked), dir, seen)}`.trimEnd();
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
    .replace(/"[0-9a-f]{12}"/gu, '"SHORT"')
    .replace(/(?<=multiple network endpoints: )[^"]+/gu, (names) => inOrder(names, ", "))
    .replace(/(?<=invalid filter '\w+=\[)[^\]]+/gu, (words) => inOrder(words, " "))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/gu, "TIME");
}

/** Newer than docker 26.1, or chosen anew each time. */
const unequal: Readonly<Record<string, unknown>> = { EnableIPv4: undefined, GwPriority: undefined };
const random = new Set(["MacAddress", "EndpointID", "SandboxID"]);

function printed(text: string, path: readonly string[]): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim();
  }
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | null)?.[name];
  if (value === undefined) return "nothing";
  return JSON.stringify(value, (name: string, item: unknown) => {
    if (Object.hasOwn(unequal, name)) return undefined;
    if (Array.isArray(item)) return item.every((one) => nameOf(one) !== undefined) ? sortedByName(item) : item;
    if (random.has(name) && typeof item === "string" && item !== "" && !item.endsWith(":99")) return name.toUpperCase();
    if (typeof item === "string") return item.trimEnd();
    if (typeof item !== "object" || item === null) return item;
    const shown = Object.entries(item).filter(([key]) => key !== "Gateway" || !isUntoldGateway(item));
    return Object.fromEntries(shown.toSorted(([a], [b]) => (a < b ? -1 : 1)));
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
  const { Volumes } = (await (await ask("GET", `/v${version}/volumes`)).json()) as {
    readonly Volumes: readonly { readonly Name: string }[] | null;
  };
  for (const { Name } of Volumes ?? []) await ask("DELETE", `/volumes/${Name}?force=1`);
}

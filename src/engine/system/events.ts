import type { Filters } from "#spec/docker/filters.ts";
import { matchesLabels } from "#spec/docker/filters.ts";
import type { Clock, EventRecord, Events } from "../ports.ts";

export const eventFilterKeys = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
] as const;

const objects = ["container", "network", "volume", "daemon", "plugin", "service", "node", "secret", "config"];

export interface EventsRequest {
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/**
 * `GET /events`: past ones from `since`, then live ones until `until` or the client leaves. docker-compat: `until` alone
 * reaches back over all that is kept, and `until` 0 is now.
 */
export function streamEvents(deps: { readonly events: Events; readonly clock: Clock }) {
  return async function* stream(request: EventsRequest): AsyncGenerator<EventRecord> {
    const { sinceNs, filters, signal } = request;
    const untilNs = request.untilNs === 0n ? deps.clock.nowNs() : request.untilNs;
    const records = deps.events.subscribe({
      signal,
      ...(sinceNs === undefined ? {} : { sinceNs }),
      ...(untilNs === undefined ? {} : { sinceNs: sinceNs ?? 0n, untilNs }),
    });
    for await (const record of records) if (matches(filters, record)) yield record;
  };
}

function matches(filters: Filters, record: EventRecord): boolean {
  const { type, action, id, attributes } = record;
  const has = (key: string, accepts: (value: string) => boolean): boolean => {
    const wanted = filters.get(key);
    return wanted === undefined || wanted.size === 0 || [...wanted].some(accepts);
  };
  // docker-compat: beginnings of ids and names, of whatever type the object is.
  const object = (key: string): boolean =>
    has(key, (value) => id.startsWith(value) || (attributes["name"] ?? "").startsWith(value));
  return (
    // docker-compat: `exec_start` stands for every `exec_start: COMMAND`.
    has("event", (value) => action === value || action.startsWith(`${value}:`)) &&
    has("type", (value) => type === value) &&
    has("scope", (value) => value === "local") &&
    objects.every(object) &&
    has("image", (value) => matchesImage(value, record)) &&
    matchesLabels(filters, attributes)
  );
}

function matchesImage(value: string, { type, id, attributes }: EventRecord): boolean {
  const name = type === "image" ? attributes["name"] : attributes["image"];
  const bare = (text: string | undefined): string | undefined => text?.replace(/:[^/:]*$/, "");
  return [id, bare(id), name, bare(name)].includes(value);
}

/**
 * As the API prints it; the lower-case properties are for clients before 1.22 and are sent up to 1.51, `withLegacy`. The time in
 * nanoseconds is beyond what a JavaScript number holds, so it is put into the text.
 */
export function eventLine(record: EventRecord, withLegacy: boolean): string {
  const { type, action, id, attributes, timeNs } = record;
  const legacy = !withLegacy
    ? {}
    : type === "container"
      ? { status: action, id, from: attributes["image"] ?? "" }
      : type === "image"
        ? { status: action, id }
        : {};
  const text = JSON.stringify({
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Number(timeNs / 1_000_000_000n),
  });
  return `${text.slice(0, -1)},"timeNano":${timeNs}}`;
}

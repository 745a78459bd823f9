export type EventType = "container" | "image" | "network" | "volume" | "daemon";

/** One thing that happened to an object of the engine; faces give it their own wire shape. */
export interface EventInput {
  readonly type: EventType;
  /** Docker's word for it, e.g. `start` or `exec_create: sh`. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Told and kept in memory only: what happens so often that it would push everything else out of the history. */
  readonly transient?: boolean;
}

export interface EventRecord extends EventInput {
  /** Unix nanoseconds; never smaller than that of an earlier event. */
  readonly timeNs: bigint;
}

const types: ReadonlySet<string> = new Set<EventType>(["container", "image", "network", "volume", "daemon"]);

/** A record as one line of JSON, with its newline. */
export function eventLine({ timeNs, type, action, id, attributes }: EventRecord): string {
  return `${JSON.stringify({ ns: String(timeNs), type, action, id, attributes })}\n`;
}

/** undefined for what is no record: a line that a power cut damaged must not hide the others. */
export function parseEventLine(line: string): EventRecord | undefined {
  try {
    const { ns, type, action, id, attributes } = JSON.parse(line) as Record<string, unknown>;
    const valid =
      typeof ns === "string" &&
      typeof type === "string" &&
      types.has(type) &&
      typeof action === "string" &&
      typeof id === "string" &&
      typeof attributes === "object" &&
      attributes !== null;
    if (!valid) return undefined;
    return {
      timeNs: BigInt(ns),
      type: type as EventType,
      action,
      id,
      attributes: attributes as Readonly<Record<string, string>>,
    };
  } catch {
    return undefined;
  }
}

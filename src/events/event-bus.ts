/** One thing that happened, in the shape of Docker's `GET /events`. */
export interface EngineEvent {
  readonly Type: EventType;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: "local";
  /** Unix seconds. */
  readonly time: number;
  /** Unix nanoseconds. A JSON number in the API, past 2^53: kept exact here, printed by {@link printEvent}. */
  readonly timeNano: bigint;
}

export type EventType = "container" | "image" | "network" | "volume" | "daemon" | "builder" | "plugin";

import type { ShownVolume } from "#client/volumes-api.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import type { NetworkResource } from "#spec/docker/network.ts";
import type { Usage } from "../container/stats/stats-row.ts";
import type { Key } from "./keys.ts";
import type { Size } from "./screen.ts";

export const TABS = ["containers", "images", "volumes", "networks"] as const;
export type Tab = (typeof TABS)[number];

export interface LogsPage {
  readonly kind: "logs";
  readonly id: string;
  readonly name: string;
  readonly lines: readonly string[];
  /** Lines between the last one and the last one shown; 0 follows. */
  readonly back: number;
  readonly wrap: boolean;
  /** When it ended, in milliseconds since 1970; undefined while more may come. */
  readonly endedAt: number | undefined;
  /** When the container ended, in Unix seconds by the engine's clock; "" while that was not heard of. */
  readonly diedAt: string;
  /** It has started after that: its log, when it ends, is to be read on. */
  readonly isAgain: boolean;
  /** Read from here on, in Unix seconds; "" = the last lines there are. Another one reads anew. */
  readonly since: string;
}

export interface StatsPage {
  readonly kind: "stats";
  readonly id: string;
  readonly name: string;
  /** The newest is the last. */
  readonly history: readonly Usage[];
  readonly processes: { readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] };
}

export interface TextPage {
  readonly kind: "text";
  readonly title: string;
  readonly lines: readonly string[];
  readonly top: number;
}

export type Page = { readonly kind: "list" } | LogsPage | StatsPage | TextPage;

export type ContainerAct = "start" | "stop" | "restart" | "pause" | "unpause" | "remove";

/** A thing that is acted on. */
export interface Target {
  readonly tab: Tab;
  readonly id: string;
  readonly name: string;
}

/** What `update` wants done. */
export type Effect =
  | { readonly type: "quit" }
  | { readonly type: "suspend" }
  | { readonly type: "load"; readonly tab: Tab }
  | { readonly type: "act"; readonly act: ContainerAct; readonly target: Target }
  | { readonly type: "shell"; readonly target: Target }
  | { readonly type: "inspect"; readonly target: Target }
  | { readonly type: "why"; readonly target: Target };

export type Prompt =
  | { readonly kind: "filter"; readonly before: string }
  | { readonly kind: "confirm"; readonly question: string; readonly effect: Effect };

export interface Notice {
  readonly text: string;
  readonly isError: boolean;
}

export interface Lists {
  readonly containers: readonly ContainerSummary[];
  readonly images: readonly ImageSummary[];
  readonly volumes: readonly ShownVolume[];
  readonly networks: readonly NetworkResource[];
}

/** All that is shown. `update` makes the next one, `view` draws it. */
export interface Model {
  readonly size: Size;
  /** The engine as the person names it. */
  readonly engine: string;
  /** Milliseconds since 1970, of the last message. */
  readonly now: number;
  readonly tab: Tab;
  readonly page: Page;
  /** Stopped containers too. */
  readonly all: boolean;
  readonly filter: string;
  readonly prompt: Prompt | undefined;
  readonly notice: Notice | undefined;
  /** Why the engine is not heard; undefined while it is. */
  readonly lost: string | undefined;
  readonly lists: Lists;
  readonly usage: ReadonlyMap<string, Usage>;
  /** By tab: what is selected, and where it was, for when it goes. */
  readonly selected: Readonly<Record<Tab, { readonly id: string; readonly index: number }>>;
}

/** What happens. */
export type Message =
  | { readonly type: "key"; readonly key: Key }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "listed"; readonly lists: Partial<Lists> }
  | { readonly type: "used"; readonly id: string; readonly usage: Usage }
  | { readonly type: "logged"; readonly id: string; readonly lines: readonly string[] }
  | { readonly type: "log-ended"; readonly id: string }
  | { readonly type: "processes"; readonly id: string; readonly processes: StatsPage["processes"] }
  /** `at`: Unix seconds with a fraction. */
  | { readonly type: "died"; readonly id: string; readonly at: string }
  | { readonly type: "started"; readonly id: string }
  | { readonly type: "text"; readonly title: string; readonly lines: readonly string[] }
  | { readonly type: "noticed"; readonly notice: Notice | undefined }
  | { readonly type: "connection"; readonly lost: string | undefined };

/** The next model, and what is to be done. */
export interface Step {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

export function firstModel(engine: string, size: Size, now: number): Model {
  const nothing = { id: "", index: 0 };
  return {
    size,
    engine,
    now,
    tab: "containers",
    page: { kind: "list" },
    all: true,
    filter: "",
    prompt: undefined,
    notice: undefined,
    lost: undefined,
    lists: { containers: [], images: [], volumes: [], networks: [] },
    usage: new Map(),
    selected: { containers: nothing, images: nothing, volumes: nothing, networks: nothing },
  };
}

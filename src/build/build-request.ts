import type { Progress, RegistryAuth } from "#image/types.ts";
import type { Attestations } from "./attest/attest-options.ts";
import type { CacheOrigin, CacheTarget } from "./cache/cache-target.ts";
import type { LintWarning } from "./dockerfile/types.ts";
import type { ExportTarget } from "./export/export-target.ts";
import type { BuildTarget } from "#spec/berth/build.ts";
import type { ConvertOptions } from "./graph/options.ts";
import type { BuildOutline } from "./graph/outline.ts";
import type { BuildGraph } from "./graph/types.ts";
import type { BuildEvent, FailedPlace, StepSettings } from "./solver/types.ts";
import type { ContextFolder } from "./sources/context-folder.ts";

/** What a build says of itself, beside what happens to its vertices. */
export type BuilderEvent =
  | BuildEvent
  /** The text that places in messages are of. */
  | { readonly type: "dockerfile"; readonly name: string; readonly text: string }
  /** It can be read: every instruction with its place, as written. */
  | {
      readonly type: "parsed";
      readonly instructions: readonly { readonly line: number; readonly text: string }[];
      /** Names of all ARGs. */
      readonly declared: readonly string[];
    }
  | { readonly type: "graph"; readonly graph: BuildGraph; readonly warnings: readonly LintWarning[] }
  | { readonly type: "pulling"; readonly line: Progress }
  /** What is done with the result. */
  | { readonly type: "exporting"; readonly text: string }
  | ({ readonly type: "answer" } & BuildAnswer);

/** What is done with the Dockerfile: everything but `build` looks at it only. */
export type BuildCall = "build" | "check" | "outline" | "targets";

/** What looking at a Dockerfile comes to. */
export type BuildAnswer =
  | { readonly call: "check"; readonly warnings: readonly LintWarning[] }
  | { readonly call: "outline"; readonly outline: BuildOutline }
  | { readonly call: "targets"; readonly targets: readonly BuildTarget[] };

export interface DockerfileText {
  /** As messages show it. */
  readonly name: string;
  readonly text: string;
}

export interface BuildRequest {
  readonly dockerfile: DockerfileText;
  /** By name; `context` is the build's own. */
  readonly contexts: ReadonlyMap<string, ContextFolder>;
  readonly options: ConvertOptions;
  readonly settings: StepSettings;
  readonly pull: boolean;
  /** By registry host. */
  readonly auth: ReadonlyMap<string, RegistryAuth>;
  /** Commands may ask for everything the machine has (`--security=insecure`). */
  readonly allowInsecure: boolean;
  /** Devices that commands may ask for (`--device`). */
  readonly allowedDevices: "all" | ReadonlySet<string>;
  /** Carried out in this order. */
  readonly targets: readonly ExportTarget[];
  /** Looked into in this order for what the engine's own cache lacks. */
  readonly cacheFrom: readonly CacheOrigin[];
  readonly cacheTo: readonly CacheTarget[];
  readonly attestations: Attestations;
  /** The layers of this build become one. */
  readonly squash: boolean;
  /** "" where the client named none. */
  readonly buildId: string;
  readonly call: BuildCall;
  /** Unix seconds: SOURCE_DATE_EPOCH. */
  readonly epochSeconds: number | undefined;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuilderEvent) => void;
  /** See `SolveRequest.onFailed`. */
  readonly onFailed?: ((error: unknown, place: FailedPlace) => Promise<void>) | undefined;
}

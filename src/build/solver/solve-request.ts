import type { BuildGraph } from "../graph/types.ts";
import type { BuildEvent, FailedPlace, FillMount, SourceLoader, StepCache, StepSettings } from "./types.ts";

/** One graph to be carried out. */
export interface SolveRequest {
  readonly graph: BuildGraph;
  /** Of this build: its sources are not those of another one. */
  readonly sources: SourceLoader;
  readonly cache: StepCache;
  readonly settings: StepSettings;
  readonly fillMount: FillMount;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuildEvent) => void;
  /**
   * Called with the place where a step failed, when everything else has been stopped; the place is gone when this
   * resolves. Without it nothing of a failed step is kept.
   */
  readonly onFailed?: ((error: unknown, place: FailedPlace) => Promise<void>) | undefined;
}

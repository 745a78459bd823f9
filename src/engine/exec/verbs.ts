import type { EngineCore } from "../engine-deps.ts";
import { createExec } from "./create.ts";
import { inspectExec } from "./inspect.ts";
import { resizeExec } from "./resize.ts";
import { startExec } from "./start.ts";

/** `/exec`. */
export function execVerbs(core: EngineCore) {
  return {
    create: createExec(core),
    start: startExec(core),
    inspect: inspectExec(core),
    resize: resizeExec(core),
  };
}

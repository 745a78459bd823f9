import { serveHelper } from "#host/helpers/helper-serve.ts";
import { longLoops, setJitPolicy } from "#host/program/jit-policy.ts";
import { fileHelperTasks } from "#engine/files/tasks.ts";
import { buildHelperTasks } from "#build/helper-tasks.ts";
import { imageHelperTasks } from "#image/helper-tasks.ts";
import { volumeHelperTasks } from "#volume/helper-tasks.ts";

/** Serves the engine's tasks over stdin and stdout until the engine goes. */
export function runHelper(): Promise<never> {
  setJitPolicy(longLoops);
  return serveHelper({ ...imageHelperTasks, ...fileHelperTasks, ...buildHelperTasks, ...volumeHelperTasks });
}

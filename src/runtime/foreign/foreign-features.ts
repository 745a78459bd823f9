import { runCommand } from "#host/processes/process.ts";
import { programPath, type ForeignRuntime } from "./foreign-runtime.ts";

const patienceMs = 10_000;

/**
 * What registered runtimes say of themselves (the OCI's features.md), each asked once. undefined for one that is not there
 * or does not know the question, as those before runc 1.1.
 */
export class ForeignFeatures {
  readonly #known = new Map<string, Promise<unknown>>();

  of({ path, args }: Pick<ForeignRuntime, "path" | "args">): Promise<unknown> {
    const key = JSON.stringify([path, ...args]);
    const known = this.#known.get(key) ?? ask(path, args);
    this.#known.set(key, known);
    return known;
  }
}

async function ask(path: string, args: readonly string[]): Promise<unknown> {
  try {
    const asked = { file: path, args: [...args, "features"], env: { PATH: programPath }, timeoutMs: patienceMs };
    const { exitCode, stdout } = await runCommand(asked);
    return exitCode === 0 ? JSON.parse(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    return undefined;
  }
}

import type { RegistryContext } from "../context.ts";

/** Counts pulls of manifests. Written now and then, because a pull should cost no write; a crash loses the last few. */
export class PullCounter {
  readonly #context: RegistryContext;
  readonly #counts = new Map<string, number>();

  constructor(context: RegistryContext) {
    this.#context = context;
    context.events.listen(({ action, isManifest, repository }) => {
      if (action === "pull" && isManifest) this.#counts.set(repository, (this.#counts.get(repository) ?? 0) + 1);
    });
  }

  flush(): void {
    if (this.#counts.size === 0) return;
    this.#context.database.transaction(() => {
      for (const [name, count] of this.#counts) this.#context.repositories.addPulls(name, count);
    });
    this.#counts.clear();
  }
}

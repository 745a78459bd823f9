import { deferred, orAborted } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { FailedPlace, FileTree, OpenShell } from "#build/solver/types.ts";
import type { StoredImage } from "#image/types.ts";

export interface ShellOptions {
  readonly size: { readonly rows: number; readonly columns: number } | undefined;
  /** The image with the tools. */
  readonly tools: string;
}

interface Offer {
  readonly place: FailedPlace;
  readonly signal: AbortSignal;
  readonly over: () => void;
  shell: OpenShell | undefined;
  isTaken: boolean;
}

/** Shells in the places where builds failed, for as long as the builds' clients wait. */
export class DebugShells {
  readonly #offers = new Map<string, Offer>();
  readonly #images: { resolve(reference: string): Promise<StoredImage> };

  constructor(deps: { readonly images: { resolve(reference: string): Promise<StoredImage> } }) {
    this.#images = deps.images;
  }

  /** Offer a place, by an id that is told. Resolves when somebody has been there and left, or `signal` aborts. */
  async offer(place: FailedPlace, signal: AbortSignal, tell: (id: string) => void): Promise<void> {
    const id = randomHex(16);
    const over = deferred<void>();
    const end = new AbortController();
    const offer: Offer = {
      ...{ place, over: over.resolve, shell: undefined, isTaken: false },
      signal: AbortSignal.any([signal, end.signal]),
    };
    this.#offers.set(id, offer);
    try {
      tell(id);
      await orAborted(over.promise, signal).catch(() => undefined);
    } finally {
      end.abort();
      this.#offers.delete(id);
      // The shell ends with its build: wait until nothing of it is left.
      if (offer.isTaken) await over.promise;
    }
  }

  /**
   * Open the shell of a failed build. `not-found` for a build that waits for nobody, and for the tools' image where the
   * place has no shell; `conflict` while somebody is there.
   */
  async open(id: string, { size, tools }: ShellOptions): Promise<OpenShell> {
    const offer = this.#offers.get(id);
    if (offer === undefined) throw new BerthError("not-found", `no failed build waits for a shell by the id ${id}`);
    if (offer.isTaken) throw new BerthError("conflict", "somebody is in the shell of this build already");
    offer.isTaken = true;
    const opened = deferred<OpenShell>();
    const { place, signal } = offer;
    place.enter({ size, signal, tools: () => this.#filesOf(tools), opened: opened.resolve }).then(
      () => {
        offer.over();
        opened.reject(new BerthError("cancelled", "the shell has ended"));
      },
      (error: unknown) => {
        offer.isTaken = false;
        if (offer.shell !== undefined || signal.aborted) offer.over();
        opened.reject(error);
      },
    );
    return (offer.shell = await opened.promise);
  }

  /** `not-found` when there is none. */
  async resize(id: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    const shell = this.#offers.get(id)?.shell;
    if (shell === undefined) throw new BerthError("not-found", `no failed build has a shell by the id ${id}`);
    await shell.resize(rows, columns);
  }

  async #filesOf(tools: string): Promise<FileTree> {
    const { layers } = await this.#images.resolve(tools);
    return { kind: "layers", layers: layers.map(({ path }) => ({ path, number: undefined })) };
  }
}

import type { Actor } from "../actor.ts";

/** Something happened to a blob or manifest: the actions of the distribution project's notifications. */
export interface RegistryEvent {
  readonly action: "push" | "pull" | "mount" | "delete";
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** What the client asked for or set, when it was a tag. */
  readonly tag?: string;
  /** Where a mounted blob came from. */
  readonly fromRepository?: string;
  readonly isManifest: boolean;
  readonly actor: Actor;
  readonly atMs: number;
}

export type EventListener = (event: RegistryEvent) => void;

/**
 * Hands every event to every listener, in order. What tells of a change is emitted in the change's own transaction, so
 * that what listeners write stands or falls with it. A listener that throws is a bug; it stops neither others nor the
 * request.
 */
export class EventBus {
  readonly #listeners: EventListener[] = [];
  readonly #onFailure: (error: unknown) => void;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  listen(listener: EventListener): void {
    this.#listeners.push(listener);
  }

  emit(event: RegistryEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }
}

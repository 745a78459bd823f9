import type { ValueKind } from "./value-kinds.ts";

/** Headings of `--help` and docs/configuration.md, in their order. */
export const sections = [
  "Listening",
  "State and processes",
  "The engine's own log",
  "Containers",
  "Container logs",
  "Networks",
  "Registries",
  "Without effect here",
] as const;
export type Section = (typeof sections)[number];

/** One setting of the engine: dockerd's flag, dockerd's key of daemon.json, or both. */
export interface Option {
  /** The flag without its dashes; the key too where `key` is not given. */
  readonly name: string;
  readonly short?: string;
  /** Its name in daemon.json where it differs; `false`: only a flag. */
  readonly key?: string | false;
  /** `false`: only in daemon.json. */
  readonly flag?: false;
  /** Inside this object of daemon.json as well as at its top, as dockerd reads it. */
  readonly within?: string;
  readonly kind: ValueKind;
  readonly section: Section;
  readonly usage: string;
  /** The value when nobody says anything, when it differs from the kind's, and how help shows it. */
  readonly value?: unknown;
  readonly fallback?: string;
  /** SIGHUP takes a new value from daemon.json. */
  readonly reload?: true;
  /** How it differs from dockerd's, for the documentation. */
  readonly differs?: string;
  /** Not carried out by this engine, and why: giving it is an error, unless `allows` says that the value asks for nothing. */
  readonly refused?: string;
  readonly allows?: (value: unknown) => boolean;
  /** A value of a refused option that says something and is taken, because the engine does it anyway. */
  readonly takes?: string;
  /** Taken without effect, and why; said once in the log when it is given. */
  readonly idle?: string;
  /** A flag that is given together with the same key is no conflict: both count. */
  readonly merges?: true;
}

/** Its name in daemon.json, undefined when it has none. */
export function keyOf(option: Option): string | undefined {
  return option.key === false ? undefined : (option.key ?? option.name);
}

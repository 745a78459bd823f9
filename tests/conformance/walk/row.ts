/**
 * One walk through a part of the API: requests, one after the other, as `[vVERSION ]METHOD PATH[ BODY]`. Everything that they
 * made is removed before the next row.
 */
export interface Row {
  readonly name: string;
  readonly steps: readonly string[];
}

/** A step that asks whether the engine is alive. */
export const after = "GET /_ping";

export function rows(table: Readonly<Record<string, readonly string[]>>): readonly Row[] {
  return Object.entries(table).map(([name, steps]) => ({ name, steps }));
}

/** Each by itself: the container `cc` that one has made is removed before the next. */
export function apart(...steps: readonly string[]): readonly string[] {
  return steps.flatMap((step) => [step, "DELETE /containers/cc?v=1"]);
}

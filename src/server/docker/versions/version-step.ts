import type { ResponseShape } from "../reply.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What one version of the API changed in answers of one shape. */
export interface VersionStep {
  /** `before`: done to answers of versions before 1.N; `since`: to those of 1.N and newer, which took something away. */
  readonly when: { readonly before: number } | { readonly since: number };
  readonly shape: ResponseShape;
  readonly reason: string;
  /** To an object of the answer; of a list to each. */
  readonly apply: (body: Json) => Json;
}

/** `body` without some of its properties: what is undefined does not get into JSON. */
export function without(body: Json, ...names: readonly string[]): Json {
  const left: Record<string, unknown> = { ...body };
  for (const name of names) if (name in left) left[name] = undefined;
  return left;
}

/** `body` without those of the named properties that are "", 0, false, null or hold nothing. */
export function withoutEmpty(body: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !names.includes(name) || !isEmpty(value)));
}

/** Go's rule for `omitempty`, but that objects of nothing count too. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** `body` with a property changed, when it is an object. */
export function within(body: Json, name: string, change: (value: Json) => Json): Json {
  const value = body[name];
  return typeof value === "object" && value !== null ? { ...body, [name]: change(value as Json) } : body;
}

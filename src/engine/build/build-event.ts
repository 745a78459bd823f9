import type { BuilderEvent } from "#build/build-request.ts";

/** What happens in a build. */
export type EngineBuildEvent =
  | BuilderEvent
  | { readonly type: "image"; readonly id: string }
  | { readonly type: "tagged"; readonly name: string }
  /** A step failed and its place waits for a shell; the build ends with this error when that is over. */
  | { readonly type: "kept"; readonly shell: string; readonly error: unknown }
  /** The end: what BuildKit's exporters answer, all outputs together. */
  | { readonly type: "exported"; readonly metadata: Readonly<Record<string, unknown>> };

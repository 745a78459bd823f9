/**
 * What stands in one place of a command line: names the engine knows, a closed list of words, or paths. `pairs` are words
 * that end in `=` and go on.
 */
export type ValueKind =
  | { readonly kind: "containers"; readonly state?: "running" | "stopped" | "paused" }
  | { readonly kind: "images" }
  | { readonly kind: "networks" }
  | { readonly kind: "volumes" }
  | { readonly kind: "contexts" }
  | { readonly kind: "objects" }
  | { readonly kind: "services" }
  | { readonly kind: "container-paths" }
  | { readonly kind: "environment" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "pairs"; readonly words: readonly string[] }
  | { readonly kind: "paths"; readonly paths: "files" | "folders" }
  | { readonly kind: "nothing" };

export const words = (...list: readonly string[]): ValueKind => ({ kind: "words", words: list });
export const pairs = (...list: readonly string[]): ValueKind => ({ kind: "pairs", words: list });
export const files: ValueKind = { kind: "paths", paths: "files" };
export const folders: ValueKind = { kind: "paths", paths: "folders" };
export const nothing: ValueKind = { kind: "nothing" };
export const containers: ValueKind = { kind: "containers" };
export const running: ValueKind = { kind: "containers", state: "running" };
export const images: ValueKind = { kind: "images" };
export const networks: ValueKind = { kind: "networks" };
export const volumes: ValueKind = { kind: "volumes" };
export const contexts: ValueKind = { kind: "contexts" };

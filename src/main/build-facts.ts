/** Put in by tools/build.ts; a program that runs from its source has none of them. */
declare const BERTH_VERSION: string | undefined;
declare const BERTH_GIT_COMMIT: string | undefined;
declare const BERTH_BUILD_TIME: string | undefined;

/** Of package.json, which a built program does not carry along. */
export const programVersion: string =
  typeof BERTH_VERSION === "string"
    ? BERTH_VERSION
    : (require("../../package.json") as { readonly version: string }).version;

/** What this program was built from. "" = not known. */
export const buildFacts = {
  /** Abbreviated, with `-dirty` when the source was changed since. */
  gitCommit: typeof BERTH_GIT_COMMIT === "string" ? BERTH_GIT_COMMIT : "",
  /** ISO 8601; the commit's, so that one source always gives one program. */
  buildTime: typeof BERTH_BUILD_TIME === "string" ? BERTH_BUILD_TIME : "",
} as const;

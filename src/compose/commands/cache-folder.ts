import { join } from "node:path";
import type { CliIo } from "#cli/cli-io.ts";

/** Of the person: what is in it may be removed at any time. */
export const cacheFolder = ({ env, homeDirectory }: Pick<CliIo, "env" | "homeDirectory">): string =>
  join(env["XDG_CACHE_HOME"] || join(homeDirectory, ".cache"), "berth/compose");

import { switchFlag } from "./shared-flags.ts";

/** Flags of `scale`. */
export const scaleFlags = [switchFlag("no-deps", "Don't start linked services")];

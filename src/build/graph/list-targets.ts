import type { Dockerfile } from "../dockerfile/types.ts";

/** A stage as `--call targets` lists it. */
export interface BuildTarget {
  /** Empty for a stage without a name. */
  readonly name: string;
  /** The comment above FROM that begins with the name. */
  readonly description: string;
  /** It is what a build without `--target` builds. */
  readonly isDefault: boolean;
  /** As FROM has it, variables and all. */
  readonly base: string;
  readonly platform: string;
  readonly line: number;
}

export function listTargets({ stages }: Dockerfile): readonly BuildTarget[] {
  return stages.map(({ from, description }, index) => ({
    name: from.stageName ?? "",
    description: description ?? "",
    isDefault: index === stages.length - 1,
    base: from.base,
    platform: from.platform,
    line: from.range.startLine,
  }));
}

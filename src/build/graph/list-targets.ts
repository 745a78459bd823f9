import type { BuildTarget } from "#spec/berth/build.ts";
import type { Dockerfile } from "../dockerfile/types.ts";

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

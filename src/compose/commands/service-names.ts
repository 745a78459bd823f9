import type { ComposeInvocation } from "./subcommand.ts";
import { openProject } from "./session.ts";

/** The services of the project that `flags` of `compose` and the folder mean, whatever their profiles. */
export async function serviceNames({ io, flags }: Pick<ComposeInvocation, "io" | "flags">): Promise<readonly string[]> {
  const project = await openProject({ io, global: flags }, { consistency: false, profiles: ["*"] });
  return [...project.services.keys()];
}

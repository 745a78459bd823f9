import { BerthError } from "#base/errors.ts";
import type { Project, Service } from "../load/project.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** Build a service's image. */
export function buildService(
  _invocation: ComposeInvocation,
  _project: Project,
  service: Service,
  image: string,
): Promise<void> {
  return Promise.reject(
    new BerthError(
      "not-implemented",
      `service ${JSON.stringify(service.name)}: building ${image} is not supported yet`,
      {
        hint: "Build it by other means under this name, and run `compose up` again.",
      },
    ),
  );
}

import { BerthError } from "#base/errors.ts";
import type { Service } from "../load/project.ts";

/** `not-implemented` naming what a service asks for and no container of Linux can have. */
export function refuseUnsupported(services: readonly Service[]): void {
  for (const service of services) {
    if (service.credential_spec !== undefined)
      throw refusal(service, "credential_spec is not supported: it is an account for containers of Windows");
  }
}

/** The same of its build section. */
export function refuseUnsupportedBuild(service: Service): void {
  const { isolation = "default" } = service.build ?? {};
  if (isolation !== "default" && isolation !== "")
    throw refusal(service, `build.isolation ${JSON.stringify(isolation)} is not supported: only Windows has it`);
}

const refusal = ({ name }: Service, why: string): BerthError =>
  new BerthError("not-implemented", `service ${JSON.stringify(name)}: ${why}`, {
    hint: "Take it out, or let `!reset` in a further file do so.",
  });

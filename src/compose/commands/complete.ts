import { BerthError, isBerthError } from "#base/errors.ts";
import type { ApplyContext } from "../apply/context.ts";
import type { Service } from "../load/project.ts";
import type { Provided } from "../provide/provide.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { warn } from "./flag-readers.ts";

/** Other engines know no schedules: what they would leave out is told. */
async function requireSchedules({ client }: ApplyContext, { name }: Service): Promise<void> {
  try {
    await client.system.schedules();
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    throw new BerthError("not-implemented", `service ${JSON.stringify(name)}: this engine keeps no schedules`, {
      hint: "x-schedule needs Berth's engine.",
    });
  }
}

/**
 * What a project's file leaves to others, brought up and told to the services that use it: providers, models, the engine's
 * own socket. Nothing is loaded for projects without them.
 */
export async function complete(
  invocation: ComposeInvocation,
  context: ApplyContext,
  services: readonly Service[],
): Promise<Provided<ApplyContext>> {
  let { project } = context;
  if (services.some(({ use_api_socket }) => use_api_socket === true)) {
    const { withApiSocket } = await import("../provide/api-socket.ts");
    const { everyCredential } = await import("#cli/config/credentials.ts");
    project = await withApiSocket(project, async () => ({
      host: (await invocation.engine()).host,
      credentials: await everyCredential(invocation.config, invocation.io),
    }));
  }
  const scheduled = services.find((service) => service["x-schedule"] !== undefined);
  if (scheduled !== undefined && !context.dryRun) await requireSchedules(context, scheduled);
  const given = services.map((service) => project.services.get(service.name) ?? service);
  const leaves = services.some(
    ({ provider, models }) => provider !== undefined || Object.keys(models ?? {}).length > 0,
  );
  if (!leaves) return { context: { ...context, project }, services: given };
  const { provide } = await import("../provide/provide.ts");
  return provide({ ...context, project }, given, (sentence) => warn(invocation, sentence));
}

import { BerthError } from "#base/errors.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import { asCommand } from "./as-command.ts";
import { containerOf, containersOf, openProjectName, progressOf } from "./session.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";

/** `cp SERVICE:PATH PATH` and the other way round: from one container, into all of a service unless one is named. */
export const copy: ComposeHandler = async (invocation) => {
  const { flags, args, global } = invocation;
  const [source = "", target = ""] = args;
  const from = sideOf(source);
  const to = sideOf(target);
  // docker-compat: both sentences.
  if (from !== undefined && to !== undefined)
    throw new BerthError("invalid-parameter", "copying between services is not supported");
  const service = from ?? to;
  if (service === undefined) throw new BerthError("invalid-parameter", "unknown copy direction");
  const words = ["--quiet", ...["archive", "follow-link"].filter((flag) => flags.on(flag)).map((flag) => `--${flag}`)];
  const inside = (container: string): string => `${container}:${service.path}`;
  const progress = progressOf(invocation, "Copying");
  for (const { id, name } of await containersMeant(invocation, service.name, from === undefined)) {
    const sides = (container: string) =>
      from === undefined ? [source, inside(container)] : [inside(container), target];
    const shown = `${name} copy ${sides(name).join(" to ")}`;
    progress.report(shown, "Copying");
    if (!global.on("dry-run")) await asCommand(invocation, "cp", [...words, ...sides(id)]);
    progress.report(shown, "Copied", "done");
  }
  progress.close();
  return 0;
};

/** `SERVICE:PATH`; undefined for what is on this side. */
function sideOf(written: string): { readonly name: string; readonly path: string } | undefined {
  const [, name, path] = /^([^/.:][^/:]*):(.*)$/su.exec(written) ?? [];
  return name === undefined || path === undefined ? undefined : { name, path };
}

async function containersMeant(
  invocation: ComposeInvocation,
  service: string,
  all: boolean,
): Promise<readonly ObservedContainer[]> {
  const { flags } = invocation;
  const { name } = await openProjectName(invocation);
  const client = await invocation.client();
  const index = flags.number("index");
  if (all && index === 0) return containersOf(client, name, [service], { oneOff: flags.on("all") });
  return [await containerOf(client, name, service, index, { stopped: true })];
}

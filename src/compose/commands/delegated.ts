import { asCommand } from "./as-command.ts";
import { containerOf, containersOf, openProjectName, progressOf } from "./session.ts";
import { notInDryRun } from "./not-in-dry-run.ts";
import type { EventMessage } from "#spec/docker/system.ts";
import { label } from "../engine/labels.ts";
import { isUp } from "../engine/observe.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { unlessInterrupted } from "./unless-interrupted.ts";

/** `exec SERVICE COMMAND`: with a terminal where there is one. */
export const exec: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const [service = "", ...command] = args;
  const { name } = await openProjectName(invocation);
  const { id } = await containerOf(await invocation.client(), name, service, flags.number("index"));
  if (invocation.global.on("dry-run")) {
    if (!flags.on("detach")) throw notInDryRun("exec");
    const shown = command.map((word) => JSON.stringify(word)).join(" ");
    io.stdout.write(` DRY-RUN MODE - Executing command [${shown}] in ${id} (detached mode)\n`);
    return 0;
  }
  const terminal = !flags.on("no-tty") && io.stdin.isTerminal() && io.stdout.isTerminal();
  return asCommand(invocation, "exec", [
    ...(flags.on("detach") ? ["--detach"] : []),
    ...(flags.on("interactive") && !flags.on("detach") ? ["--interactive"] : []),
    ...(terminal && !flags.on("detach") ? ["--tty"] : []),
    ...(flags.on("privileged") ? ["--privileged"] : []),
    ...flags.list("env").flatMap((variable) => ["--env", variable]),
    ...(flags.text("user") === "" ? [] : ["--user", flags.text("user")]),
    ...(flags.text("workdir") === "" ? [] : ["--workdir", flags.text("workdir")]),
    "--",
    id,
    ...command,
  ]);
};

export const attach: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const { id } = await containerOf(await invocation.client(), name, args[0] ?? "", flags.number("index"));
  // docker-compat: the words are those of `run`.
  if (invocation.global.on("dry-run")) throw notInDryRun("run");
  return asCommand(invocation, "attach", [
    ...(flags.text("detach-keys") === "" ? [] : ["--detach-keys", flags.text("detach-keys")]),
    ...(flags.on("no-stdin") ? ["--no-stdin"] : []),
    `--sig-proxy=${String(flags.on("sig-proxy"))}`,
    id,
  ]);
};

/** In a dry run what would have been done is told, and nothing is. */
function toldInDryRun(invocation: ComposeInvocation, container: string, done: string): boolean {
  if (!invocation.global.on("dry-run")) return false;
  progressOf(invocation).report(`Container ${container}`, done, "done");
  return true;
}

export const exportRoot: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const { id, name: shown } = await containerOf(await invocation.client(), name, args[0] ?? "", flags.number("index"), {
    stopped: true,
  });
  if (toldInDryRun(invocation, shown, "Exported")) return 0;
  return asCommand(invocation, "export", [
    ...(flags.text("output") === "" ? [] : ["--output", flags.text("output")]),
    id,
  ]);
};

export const commit: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const { id, name: shown } = await containerOf(await invocation.client(), name, args[0] ?? "", flags.number("index"), {
    stopped: true,
  });
  if (toldInDryRun(invocation, shown, "Committed")) return 0;
  return asCommand(invocation, "commit", [
    ...(flags.text("author") === "" ? [] : ["--author", flags.text("author")]),
    ...(flags.text("message") === "" ? [] : ["--message", flags.text("message")]),
    ...flags.list("change").flatMap((change) => ["--change", change]),
    `--pause=${String(flags.on("pause"))}`,
    id,
    ...args.slice(1),
  ]);
};

export const stats: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name, project } = await openProjectName(invocation);
  const all = await containersOf(await invocation.client(), name, args, { project });
  const containers = flags.on("all") ? all : all.filter(isUp);
  if (containers.length === 0) return 0;
  return asCommand(invocation, "stats", [
    ...(flags.on("all") ? ["--all"] : []),
    ...(flags.on("no-stream") ? ["--no-stream"] : []),
    ...(flags.on("no-trunc") ? ["--no-trunc"] : []),
    ...(flags.text("format") === "" ? [] : ["--format", flags.text("format")]),
    ...containers.map(({ id }) => id),
  ]);
};

/** `events`: of the project's containers. */
export const events: ComposeHandler = async (invocation) => {
  const { flags, io } = invocation;
  const { name } = await openProjectName(invocation);
  const client = await invocation.client();
  const { timestampParameter } = await import("#cli/format/timestamp.ts");
  const messages = await client.system.events({
    filters: { type: ["container"], label: [`${label.project}=${name}`] },
    since: timestampParameter(flags.text("since"), io.now()),
    until: timestampParameter(flags.text("until"), io.now()),
  });
  await unlessInterrupted(io, async () => {
    for await (const message of messages) printEvent(invocation, message);
  });
  return 0;
};

function printEvent({ flags, io, args }: ComposeInvocation, { Action, Actor, timeNano }: EventMessage): void {
  const service = Actor.Attributes[label.service] ?? "";
  if (args.length > 0 && !args.includes(service)) return;
  const attributes = Object.fromEntries(
    Object.entries(Actor.Attributes).filter(([key]) => !key.startsWith("com.docker.compose.")),
  );
  const time = new Date(Number(timeNano / 1_000_000n)).toISOString();
  if (flags.on("json")) {
    const event = { time, type: "container", action: Action, id: Actor.ID, service, attributes };
    io.stdout.write(`${JSON.stringify(event)}\n`);
    return;
  }
  const shown = Object.entries(attributes)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
  io.stdout.write(`${time.replace("T", " ").replace("Z", "")} container ${Action} ${Actor.ID} (${shown})\n`);
}

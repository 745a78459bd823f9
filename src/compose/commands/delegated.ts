import { asCommand } from "./as-command.ts";
import { containerOf, containersOf, openProjectName } from "./session.ts";
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
  return asCommand(invocation, "attach", [
    ...(flags.text("detach-keys") === "" ? [] : ["--detach-keys", flags.text("detach-keys")]),
    ...(flags.on("no-stdin") ? ["--no-stdin"] : []),
    `--sig-proxy=${String(flags.on("sig-proxy"))}`,
    id,
  ]);
};

/** `cp SERVICE:PATH PATH` and the other way round. */
export const copy: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const client = await invocation.client();
  const words = [...(flags.on("archive") ? ["--archive"] : []), ...(flags.on("follow-link") ? ["--follow-link"] : [])];
  const [source = "", target = ""] = args;
  const sides = [source, target].map((side) => /^([^/.:][^/:]*):(.*)$/su.exec(side));
  const toService = sides[1];
  if (toService !== null && toService !== undefined && sides[0] === null) {
    const [, service = "", path = ""] = toService;
    const index = flags.number("index");
    const targets =
      index > 0
        ? [await containerOf(client, name, service, index, { stopped: true })]
        : await containersOf(client, name, [service], { oneOff: flags.on("all") });
    for (const { id } of targets) await asCommand(invocation, "cp", [...words, source, `${id}:${path}`]);
    return 0;
  }
  const [, service = "", path = ""] = sides[0] ?? [];
  const { id } = await containerOf(client, name, service, flags.number("index"), { stopped: true });
  return asCommand(invocation, "cp", [...words, `${id}:${path}`, target]);
};

export const exportRoot: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const { id } = await containerOf(await invocation.client(), name, args[0] ?? "", flags.number("index"), {
    stopped: true,
  });
  return asCommand(invocation, "export", [
    ...(flags.text("output") === "" ? [] : ["--output", flags.text("output")]),
    id,
  ]);
};

export const commit: ComposeHandler = async (invocation) => {
  const { flags, args } = invocation;
  const { name } = await openProjectName(invocation);
  const { id } = await containerOf(await invocation.client(), name, args[0] ?? "", flags.number("index"), {
    stopped: true,
  });
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

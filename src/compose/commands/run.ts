import { randomBytes } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { carryStreams } from "#cli/streams/attached-streams.ts";
import { forwardSignals } from "#cli/streams/forward-signals.ts";
import { followWindowSize } from "#cli/streams/terminal-size.ts";
import { converge } from "../apply/converge.ts";
import { quietProgress } from "../apply/progress.ts";
import { createContainer } from "../apply/create-containers.ts";
import { ensureImages } from "../apply/ensure-images.ts";
import { startServices } from "../apply/start-services.ts";
import { tellStarts } from "../apply/tell-starts.ts";
import { label } from "../engine/labels.ts";
import { observeContainers } from "../engine/observe.ts";
import { firstContainers, type ContainerStep } from "../plan/plan-up.ts";
import { parseDotenv } from "../source/parse-dotenv.ts";
import { splitCommand } from "../shape/split-command.ts";
import { scalarNode, sequenceNode } from "../source/node.ts";
import { mounts } from "../model/mounts.ts";
import { ports } from "../model/ports.ts";
import { nowhere, type Reading } from "../shape/shape.ts";
import type { Service } from "../load/project.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { complete } from "./complete.ts";
import { applyContext, openProject, progressOf } from "./session.ts";
import { chosen, requirePullPolicy } from "./up.ts";
import { warn } from "./flag-readers.ts";
import { notInDryRun } from "./not-in-dry-run.ts";

/** `run SERVICE [COMMAND]`: one container of a service for once, with what it depends on running. */
export const run: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const [name = "", ...command] = args;
  requirePullPolicy(invocation);
  const opened = await openProject(invocation, { services: [name] });
  const progress = flags.on("quiet") ? quietProgress : progressOf(invocation);
  const { context, services } = await complete(
    invocation,
    await applyContext(invocation, opened, progress),
    chosen(opened, [name], flags.on("no-deps")),
  );
  const { project } = context;
  const service = project.services.get(name);
  if (service === undefined) throw new BerthError("not-found", `no such service: ${name}`);
  const others = services.filter((other) => other.name !== name);
  let planned: readonly ContainerStep[] = [];
  await converge(context, {
    services: others,
    onPlan: (plan) => (planned = plan.containers),
    named: new Set(),
    recreate: "diverged",
    recreateDependencies: "diverged",
    removeOrphans: flags.on("remove-orphans"),
    scale: new Map(),
    pull: "",
    build: "missing",
    renewVolumes: false,
    stopTimeoutSeconds: undefined,
    onWarning: (sentence) => warn(invocation, sentence),
  });
  const slug = randomBytes(32).toString("hex");
  const changed = onceOnly(invocation, service, command, slug);
  // Its own networks and volumes, without its usual containers.
  await converge(context, {
    services: [{ ...service, depends_on: {} }],
    untouched: new Set([name]),
    named: new Set(),
    recreate: "never",
    recreateDependencies: "never",
    removeOrphans: false,
    scale: new Map(),
    pull: flags.text("pull") === "policy" ? "" : flags.text("pull"),
    build: flags.on("build") ? "always" : "missing",
    renewVolumes: false,
    stopTimeoutSeconds: undefined,
    onWarning: () => undefined,
  });
  const ownName = flags.text("name") || [project.name, name, "run", slug.slice(0, 12)].join(project.separator);
  if (context.dryRun) {
    await tellStarts(context, others, planned);
    if (!flags.on("detach")) throw notInDryRun("run");
    io.stdout.write(`${ownName}\n`);
    return 0;
  }
  await startServices(context, others);
  const imageIds = await ensureImages(context, [service], { pull: "", build: "missing" });
  const containers = await observeContainers(context.client, project.name);
  const id = await createContainer(
    context,
    changed,
    {
      name: ownName,
      number: 1,
      oneOff: true,
      useAliases: flags.on("use-aliases"),
      attachStdin: flags.on("interactive"),
    },
    {
      imageIds,
      renewVolumes: false,
      stopTimeoutSeconds: undefined,
      containerOf: (other) => containers.find((container) => container.service === other)?.name ?? other,
      containerIdOf: firstContainers(containers),
    },
  );
  progress.close();
  if (flags.on("detach")) {
    await context.client.containers.start(id);
    io.stdout.write(`${id}\n`);
    return 0;
  }
  return attached(invocation, id, changed.tty === true);
};

/** Start it with its streams on ours; its exit code. */
async function attached(invocation: ComposeInvocation, id: string, tty: boolean): Promise<number> {
  const { flags, io, config } = invocation;
  const client = await invocation.client();
  const stdin = flags.on("interactive");
  const [{ stream }, wait] = await Promise.all([
    client.containers.attach(id, { stream: true, stdin, stdout: true, stderr: true }),
    client.containers.wait(id, "next-exit"),
  ]);
  const carried = carryStreams(
    { stream, tty, stdin, stdout: true, stderr: true, detachKeys: config.file.detachKeys ?? "" },
    io,
  );
  carried.catch(() => undefined);
  const stopForwarding = forwardSignals(io, (signal) => client.containers.kill(id, signal));
  let stopResizing: (() => void) | undefined;
  try {
    await client.containers.start(id);
    if (tty) stopResizing = followWindowSize(io, (size) => client.containers.resize(id, size));
    if ((await carried) === "detached") return 0;
    return (await wait()).StatusCode;
  } finally {
    stopResizing?.();
    stopForwarding();
    stream.close();
    if (flags.on("rm")) await client.containers.remove(id, { force: true, volumes: true }).catch(() => undefined);
  }
}

function variablesOfFlags({ flags, io }: ComposeInvocation): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    flags.list("env").map((variable) => {
      const equals = variable.indexOf("=");
      return equals === -1
        ? [variable, io.env[variable] ?? null]
        : [variable.slice(0, equals), variable.slice(equals + 1)];
    }),
  );
}

/** Of `--env-from-file`, a later file over an earlier one. */
function variablesOfFiles({ flags, io }: ComposeInvocation): Readonly<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const file of flags.list("env-from-file")) {
    const text = io.readFile(file);
    if (text === undefined) throw new BerthError("not-found", `open ${file}: no such file or directory`);
    Object.assign(
      found,
      Object.fromEntries(parseDotenv(text, file, (name) => io.env[name] ?? found[name] ?? undefined)),
    );
  }
  return found;
}

/** The service as its flags change it. Ports are published only when asked for, so that it can run beside the service. */
function onceOnly(invocation: ComposeInvocation, service: Service, command: readonly string[], slug: string): Service {
  const { flags, io } = invocation;
  const published = flags.list("publish");
  const reading: Reading = { path: "--publish", folder: io.workingDirectory, homeFolder: io.homeDirectory };
  const list = (items: readonly string[]) =>
    sequenceNode(
      items.map((item) => scalarNode(item, nowhere)),
      nowhere,
    );
  const extraPorts = ports.value(ports.canonical(list(published), reading));
  const extraMounts = mounts.value(mounts.canonical(list(flags.list("volume")), { ...reading, path: "--volume" }));
  const terminal =
    flags.on("tty") && !flags.on("no-tty") && io.stdin.isTerminal() && io.stdout.isTerminal() && !flags.on("detach");
  const environment = { ...variablesOfFiles(invocation), ...variablesOfFlags(invocation) };
  const labels = Object.fromEntries(
    flags.list("label").map((written) => {
      const [key = "", ...value] = written.split("=");
      return [key, value.join("=")];
    }),
  );
  const { container_name: _name, restart: _restart, ...rest } = service;
  return {
    ...rest,
    tty: terminal,
    stdin_open: flags.on("interactive"),
    ports: [...(flags.on("service-ports") ? (service.ports ?? []) : []), ...extraPorts],
    volumes: [...(service.volumes ?? []), ...extraMounts],
    environment: { ...service.environment, ...environment },
    labels: { ...service.labels, ...labels, [label.slug]: slug },
    ...(command.length === 0 ? {} : { command }),
    ...(flags.given("entrypoint")
      ? { entrypoint: splitCommand(flags.text("entrypoint")), ...(command.length === 0 ? { command: [] } : {}) }
      : {}),
    ...(flags.text("user") === "" ? {} : { user: flags.text("user") }),
    ...(flags.text("workdir") === "" ? {} : { working_dir: flags.text("workdir") }),
    ...joined("cap_add", service.cap_add, flags.list("cap-add")),
    ...joined("cap_drop", service.cap_drop, flags.list("cap-drop")),
  };
}

/** Nothing where neither has any. */
const joined = <K extends "cap_add" | "cap_drop">(
  key: K,
  own: readonly string[] | undefined,
  more: readonly string[],
): { readonly [P in K]?: readonly string[] } =>
  own === undefined && more.length === 0 ? {} : ({ [key]: [...(own ?? []), ...more] } as never);

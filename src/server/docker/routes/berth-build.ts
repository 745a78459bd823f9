import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { excerpt } from "#build/dockerfile/dockerfile-error.ts";
import type { BuildContext, EngineBuildRequest } from "#engine/build/build-request.ts";
import { buildFailure, buildLines } from "#engine/build/build-lines.ts";
import type { AskAgent } from "#engine/build/forwarded-agents.ts";
import type { EngineBuildEvent } from "#engine/build/build-event.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeBuildShell } from "#spec/berth/build-shell.ts";
import type { BuildLine } from "#spec/berth/build.ts";
import { decodeBuildOptions, type BuildOptions } from "#spec/berth/build-options.ts";
import { decodeRegistryConfig } from "#spec/docker/auth.ts";
import type { Call, Route } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { pipe } from "../pipe.ts";
import { empty, json, rawStream, stream, type Reply } from "../reply.ts";
import { lineStream } from "./line-stream.ts";
import { sizeOf } from "./size.ts";

/** The host's network needs no permission here; docker-compat: it may be given. */
const ENTITLEMENTS = ["security.insecure", "network.host", "device"];
const MAX_OPTIONS_BYTES = 8 << 20;
const MAX_TREE_BYTES = 32 << 20;

/** `POST /berth/build`, and the shells of builds that failed; see spec/berth/build.ts. */
export function berthBuildRoutes(engine: Engine): readonly Route[] {
  const shell = (call: Call): string => call.params["shell"] ?? "";
  return [
    {
      method: "POST",
      pattern: "/berth/build/trees",
      handle: async (call) => json(engine.builds.offerTree(await bytesOf(call.body()))),
    },
    { method: "POST", pattern: "/berth/build", handle: (call) => build(engine, call) },
    {
      method: "POST",
      pattern: "/berth/build/shells/{shell}",
      handle: async (call) => openShell(engine, shell(call), await call.json()),
    },
    {
      method: "POST",
      pattern: "/berth/build/agents/{connection}",
      handle: (call) => openAgent(engine, call.params["connection"] ?? ""),
    },
    {
      method: "POST",
      pattern: "/berth/build/shells/{shell}/resize",
      handle: async (call) => {
        await engine.builds.resizeShell(shell(call), sizeOf(call.query));
        return empty(200);
      },
    },
  ];
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_TREE_BYTES) throw new BerthError("invalid-parameter", "the tree has too many chunks");
    chunks.push(chunk.slice());
  }
  return Buffer.concat(chunks);
}

/** What is wrong is told before the connection is taken over. */
async function openShell(engine: Engine, id: string, body: unknown): Promise<Reply> {
  const { tools, rows, columns } = decodeBuildShell(body);
  const size = rows > 0 && columns > 0 ? { rows, columns } : undefined;
  const { stream: terminal } = await engine.builds.openShell(id, { tools, size });
  const how = { input: true, terminal: true, endsInput: false, detachKeys: parseDetachKeys("") };
  return {
    kind: "hijack",
    contentType: rawStream,
    run: async (client) => void (await pipe(client, terminal, how)),
  };
}

/** Between a socket on this machine and the agent that the client has. */
function openAgent(engine: Engine, connection: string): Reply {
  const near = engine.builds.takeAgent(connection);
  const how = { input: true, terminal: false, endsInput: true, detachKeys: new Uint8Array() };
  return { kind: "hijack", contentType: rawStream, run: async (client) => void (await pipe(client, near, how)) };
}

async function build(engine: Engine, call: Call): Promise<Reply> {
  const { options, rest } = await readOptions(call.body());
  let source: { readonly name: string; readonly text: string } | undefined;
  const lines = lineStream(async (out) => {
    let isTold = false;
    const say = (line: BuildLine): void => out.say(line);
    const sendTo = (output: number) => (chunk: Uint8Array) => {
      call.signal.throwIfAborted();
      const line: BuildLine = { type: "data", output, bytes: chunk.length };
      return out.send(line, chunk);
    };
    const askAgent: AskAgent = (id, connection) => say({ type: "agent", id, connection });
    const request = {
      ...requestOf(options, rest, call.header("x-registry-config"), sendTo),
      askAgent: options.forwardsAgents ? askAgent : undefined,
    };
    try {
      await engine.builds.build(request, call.signal, (event) => {
        if (event.type === "dockerfile") source = event;
        else if (event.type === "answer") say(answerLine(event, source));
        else if (event.type === "kept") {
          isTold = true;
          say({ ...buildFailure(event.error, source), shell: event.shell });
        } else for (const line of buildLines(event)) say(line);
      });
    } catch (error) {
      // A folder that is another one here is the client's to send.
      if (isBerthError(error, "conflict")) throw error;
      if (!isTold) say(buildFailure(error, source));
    }
  });
  return stream("application/x-ndjson", false, lines);
}

function answerLine(
  event: Extract<EngineBuildEvent, { type: "answer" }>,
  source: { readonly name: string; readonly text: string } | undefined,
): BuildLine {
  if (event.call !== "check") return event;
  const warnings = event.warnings.map(({ range, ...warning }) => ({
    ...warning,
    line: range?.startLine ?? 0,
    excerpt: range === undefined || source === undefined ? "" : excerpt(source, range),
  }));
  return { type: "answer", call: event.call, warnings: warnings.toSorted((one, other) => one.line - other.line) };
}

function requestOf(
  options: BuildOptions,
  rest: AsyncIterable<Uint8Array>,
  registryConfig: string | undefined,
  sendTo: (output: number) => (chunk: Uint8Array) => Promise<void>,
): EngineBuildRequest {
  const {
    secrets,
    agents,
    contexts,
    folders,
    sent,
    agentFolders,
    buildArgs,
    labels,
    allow,
    context,
    outputs,
    annotations,
    cacheFrom,
    cacheTo,
    ...same
  } = options;
  const unknown = allow.find(
    (entitlement) => !ENTITLEMENTS.includes(entitlement) && !entitlement.startsWith("device="),
  );
  if (unknown !== undefined)
    throw new BerthError("invalid-parameter", `unknown entitlement ${JSON.stringify(unknown)}`);
  return {
    ...same,
    context: contextOf(context, rest),
    dockerfileText: options.dockerfileText ?? undefined,
    contexts: new Map(Object.entries(contexts)),
    folders: new Map(Object.entries(folders)),
    sent: new Map(Object.entries(sent)),
    agentFolders: new Map(Object.entries(agentFolders)),
    askAgent: undefined,
    chunks: rest,
    buildArgs: new Map(Object.entries(buildArgs).map(([name, value]) => [name, value ?? undefined])),
    labels: new Map(Object.entries(labels)),
    outputs: outputs.map(({ type, attributes, toClient }, index) => ({
      type,
      attributes,
      send: toClient ? sendTo(index) : undefined,
    })),
    cacheFrom,
    cacheTo: cacheTo.map(({ type, attributes, toClient }, index) => ({
      type,
      attributes,
      send: toClient ? sendTo(outputs.length + index) : undefined,
    })),
    annotations: new Map(annotations.map(({ attribute, value }) => [attribute, value])),
    settings: {
      hosts: options.hosts,
      shmSizeBytes: options.shmSizeBytes,
      ulimits: options.ulimits,
      limits: options.limits,
      cgroupParent: options.cgroupParent,
      securityOptions: [],
      secrets: new Map(Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text, "base64")])),
      agents: new Map(Object.entries(agents)),
    },
    auth: new Map(Object.entries(decodeRegistryConfig(registryConfig))),
    allowInsecure: allow.includes("security.insecure"),
    allowedDevices: allow.includes("device")
      ? "all"
      : new Set(allow.flatMap((entitlement) => /^device=(.+)$/s.exec(entitlement)?.[1] ?? [])),
    dialect: "buildkit",
  };
}

function contextOf(context: BuildOptions["context"], rest: AsyncIterable<Uint8Array>): BuildContext {
  return context.kind === "archive" ? { kind: "archive", body: rest } : context;
}

/** The first line of a body, and what comes behind it. */
async function readOptions(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly options: BuildOptions; readonly rest: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  for (;;) {
    const end = head.indexOf(0x0a);
    if (end >= 0) return { options: parseOptions(head.subarray(0, end)), rest: after(head.subarray(end + 1), chunks) };
    if (head.length > MAX_OPTIONS_BYTES)
      throw new BerthError("invalid-parameter", "the options of the build are too long");
    const next = await chunks.next();
    if (next.done === true) throw new BerthError("invalid-parameter", "the build has no options");
    head = Buffer.concat([head, next.value]);
  }
}

async function* after(first: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

function parseOptions(line: Uint8Array): BuildOptions {
  let options: unknown;
  try {
    options = JSON.parse(new TextDecoder().decode(line));
  } catch (error) {
    throw new BerthError("invalid-parameter", `the options of the build are no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return decodeBuildOptions(options);
}

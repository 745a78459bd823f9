import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { errorLocation, excerpt } from "#build/dockerfile/dockerfile-error.ts";
import type { BuildContext, EngineBuildRequest } from "#engine/build/build-request.ts";
import type { EngineBuildEvent } from "#engine/build/build.ts";
import type { Engine } from "#engine/engine.ts";
import type { BuildLine, BuildOptions } from "#spec/berth/build.ts";
import { decodeRegistryConfig } from "#spec/docker/auth.ts";
import type { Call, Route } from "../call.ts";
import { stream, type Reply } from "../reply.ts";
import { lineStream } from "./line-stream.ts";

/** The host's network needs no permission here; docker-compat: it may be given. */
const ENTITLEMENTS = ["security.insecure", "network.host"];
const MAX_OPTIONS_BYTES = 8 << 20;

/** `POST /berth/build`; see spec/berth/build.ts. */
export function berthBuildRoute(engine: Engine): Route {
  return { method: "POST", pattern: "/berth/build", handle: (call) => build(engine, call) };
}

async function build(engine: Engine, call: Call): Promise<Reply> {
  const { options, rest } = await readOptions(call.body());
  let source: { readonly name: string; readonly text: string } | undefined;
  const lines = lineStream(async (out) => {
    const say = (line: BuildLine): void => out.say(line);
    const sendTo = (output: number) => (chunk: Uint8Array) => {
      call.signal.throwIfAborted();
      const line: BuildLine = { type: "data", output, bytes: chunk.length };
      return out.send(line, chunk);
    };
    const request = requestOf(options, rest, call.header("x-registry-config"), sendTo);
    try {
      await engine.builds.build(request, call.signal, (event) => {
        if (event.type === "dockerfile") source = event;
        else if (event.type === "answer") say(answerLine(event, source));
        else for (const line of linesOf(event)) say(line);
      });
    } catch (error) {
      // A folder that is another one here is the client's to send.
      if (isBerthError(error, "conflict")) throw error;
      say(failure(error, source));
    }
  });
  return stream("application/x-ndjson", false, lines);
}

function failure(error: unknown, source: { readonly name: string; readonly text: string } | undefined): BuildLine {
  if (!isBerthError(error)) return { type: "error", message: messageOf(error) };
  const place = errorLocation(error);
  const exitCode = error.details["exitCode"];
  return {
    type: "error",
    message: messageFor(error),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(typeof exitCode === "number" ? { exitCode } : {}),
    ...(place === undefined || source === undefined ? {} : { excerpt: excerpt(source, place) }),
  };
}

/** As BuildKit says it. */
function messageFor(error: BerthError): string {
  const { exitCode, command } = error.details;
  if (typeof exitCode !== "number" || typeof command !== "string") return error.message;
  return `process ${JSON.stringify(command)} did not complete successfully: exit code: ${exitCode}`;
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

function linesOf(event: Exclude<EngineBuildEvent, { type: "dockerfile" | "answer" }>): readonly BuildLine[] {
  const at = Date.now();
  switch (event.type) {
    case "graph":
      return [
        {
          type: "graph",
          vertices: event.graph.vertices.map(({ name }) => ({ name })),
          warnings: event.warnings.map(({ range, ...warning }) => ({ ...warning, line: range?.startLine ?? 0 })),
        },
      ];
    case "pulling": {
      const { id = "", status, progressDetail } = event.line;
      return [{ type: "pulling", id, status, ...progressDetail }];
    }
    case "parsed":
    case "running":
      return [];
    case "output": {
      const { vertex, bytes } = event;
      return [{ type: "output", vertex, stream: event.stream, text: new TextDecoder().decode(bytes), at }];
    }
    case "progress": {
      const { vertex, status, current, total } = event;
      return [{ type: "progress", vertex, status, current, total }];
    }
    case "started":
      return [{ type: "started", vertex: event.vertex, at }];
    case "done": {
      const { vertex, cached, why } = event;
      return [{ type: "done", vertex, cached, at, ...(why === undefined ? {} : { why }) }];
    }
    case "failed":
      return [{ type: "failed", vertex: event.vertex, message: event.message, at }];
    case "exporting":
    case "exported":
    case "image":
    case "tagged":
      return [event];
  }
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
  const unknown = allow.find((entitlement) => !ENTITLEMENTS.includes(entitlement));
  if (unknown !== undefined)
    throw new BerthError("invalid-parameter", `unknown entitlement ${JSON.stringify(unknown)}`);
  return {
    ...same,
    context: contextOf(context, rest),
    dockerfileText: options.dockerfileText ?? undefined,
    contexts: new Map(Object.entries(contexts)),
    folders: new Map(Object.entries(folders)),
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
  try {
    return JSON.parse(new TextDecoder().decode(line)) as BuildOptions;
  } catch (error) {
    throw new BerthError("invalid-parameter", `the options of the build are no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

import { absolutePath } from "#base/absolute-path.ts";
import type { BuildAnswer, BuildFailure } from "#spec/berth/build.ts";
import type { CliIo } from "../cli-io.ts";
import type { Handler, Invocation } from "../command.ts";
import { ExitError } from "../errors.ts";
import { buildOptions, type BuildSource } from "./build-options.ts";
import type { ShownMessage } from "./forward-agents.ts";
import { openProgress } from "./open-progress.ts";
import { cacheToOptions, outputOptions, type Output } from "./output-options.ts";
import type { OutputReceiver } from "./output-receiver.ts";
import type { BuildProgress } from "./progress.ts";
import { sendBuild } from "./send-build.ts";

/**
 * `build`. A folder of the engine's own machine is named to it, and read there; to an engine elsewhere it is sent. What
 * happens is told on the standard error, as BuildKit's client does, and the image's id with `-q` on the standard output.
 */
export const build: Handler = async (invocation) => {
  const { flags, args, io } = invocation;
  connectMeanwhile(invocation);
  if (flags.on("debug")) (await import("./debug-shell.ts")).checkDebugTerminal(invocation);
  const source = await sourceOf(args[0] ?? "", invocation);
  const outputs = outputOptions(
    flags.list("output"),
    { push: flags.on("push"), load: flags.on("load") },
    io.workingDirectory,
  );
  if (flags.text("iidfile") !== "" && outputs.some(({ option }) => option.type === "local" || option.type === "tar"))
    throw new Error("local and tar exporters are incompatible with image ID file");
  const caches = cacheToOptions(flags.list("cache-to"), io.workingDirectory);
  const options = await buildOptions(invocation, source, { outputs, caches });
  const receivers = await receiversOf([...outputs, ...caches], io);
  const progress = await openProgress(flags.on("quiet") ? "quiet" : flags.text("progress"), io, {
    explain: flags.on("explain"),
  });
  const abort = new AbortController();
  const stop = io.onSignal("SIGINT", () => abort.abort());
  try {
    const lines = await sendBuild(invocation, options, source, abort.signal);
    const result = await follow(lines, progress, receivers, async (failure, shell) => {
      io.stderr.write(`${failureText(failure)}\n`);
      await (await import("./debug-shell.ts")).debugShell(shell, invocation);
      throw new ExitError(1);
    });
    if (result.answer !== undefined) {
      progress.close();
      io.stdout.write((await import("./answer-text.ts")).answerText(result.answer));
      return result.answer.call === "check" && result.answer.warnings.length > 0 ? 1 : 0;
    }
    writeResult(invocation, result);
    if (flags.on("quiet")) io.stdout.write(`${idOf(result)}\n`);
    return 0;
  } finally {
    stop();
    for (const receiver of receivers.values()) await receiver.close();
    progress.close();
  }
};

/** The connection is there when the request is. What goes wrong is the request's to tell. */
function connectMeanwhile({ client }: Invocation): void {
  client().then(
    ({ transport }) => transport.prepare(),
    () => undefined,
  );
}

/** Of outputs that come here. */
async function receiversOf(outputs: readonly Output[], io: CliIo): Promise<ReadonlyMap<number, OutputReceiver>> {
  if (outputs.every(({ place }) => place === undefined)) return new Map();
  return (await import("./output-receiver.ts")).openReceivers(outputs, io);
}

async function sourceOf(given: string, { flags, io }: Invocation): Promise<BuildSource> {
  const file = flags.text("file");
  const none = { folder: undefined, stdin: undefined, dockerfile: file, dockerfileText: null };
  if (given === "-") {
    const bytes = await readAll(io);
    if (looksLikeArchive(bytes)) return { ...none, context: { kind: "archive" }, stdin: bytes };
    if (file !== "") throw new Error("ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles");
    return { ...none, context: { kind: "none" }, dockerfile: "", dockerfileText: new TextDecoder().decode(bytes) };
  }
  if (/^(https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(given))
    return { ...none, context: { kind: "remote", url: given } };
  const folder = absolutePath(given, io.workingDirectory);
  const identity = await io.folderIdentity(folder);
  if (identity === undefined) throw new Error(`unable to prepare context: path ${JSON.stringify(given)} not found`);
  const dockerfile = await dockerfileOf(file, folder, io);
  return { context: { kind: "folder", path: folder, identity }, folder, stdin: undefined, ...dockerfile };
}

/** Inside the context it is named, from elsewhere it is sent. */
async function dockerfileOf(
  file: string,
  folder: string,
  io: CliIo,
): Promise<Pick<BuildSource, "dockerfile" | "dockerfileText">> {
  if (file === "") return { dockerfile: "", dockerfileText: null };
  if (file === "-") return { dockerfile: "", dockerfileText: new TextDecoder().decode(await readAll(io)) };
  const path = absolutePath(file, io.workingDirectory);
  const text = io.readFile(path);
  if (text === undefined)
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  const paths = await io.paths();
  const [real, context] = [paths.realPath(path), paths.realPath(folder)];
  if (real.startsWith(`${context}/`)) return { dockerfile: real.slice(context.length + 1), dockerfileText: null };
  return { dockerfile: file, dockerfileText: text };
}

async function readAll({ stdin }: CliIo): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stdin.read(); chunk !== undefined; chunk = await stdin.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** By the magic numbers of compressions and of tar. */
function looksLikeArchive(bytes: Uint8Array): boolean {
  const starts = (...magic: readonly number[]): boolean => magic.every((byte, index) => bytes[index] === byte);
  if (
    starts(0x1f, 0x8b) ||
    starts(0x42, 0x5a, 0x68) ||
    starts(0xfd, 0x37, 0x7a, 0x58) ||
    starts(0x28, 0xb5, 0x2f, 0xfd)
  )
    return true;
  return new TextDecoder().decode(bytes.subarray(257, 262)) === "ustar";
}

interface Result {
  /** Of the image in the store; empty when none was kept. */
  readonly imageId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly answer: BuildAnswer | undefined;
}

async function follow(
  messages: AsyncIterable<ShownMessage>,
  progress: BuildProgress,
  receivers: ReadonlyMap<number, OutputReceiver>,
  onKept: (failure: BuildFailure, shell: string) => Promise<never>,
): Promise<Result> {
  let imageId = "";
  let metadata: Result["metadata"] = {};
  let answer: BuildAnswer | undefined;
  for await (const message of messages) {
    if (message.type === "data") {
      await receivers.get(message.output)?.write(message.chunk);
      continue;
    }
    progress.show(message);
    if (message.type === "error") {
      progress.close();
      if (message.shell !== undefined) await onKept(message, message.shell);
      throw new Error(failureText(message));
    }
    if (message.type === "image") imageId = message.id;
    if (message.type === "exported") {
      ({ metadata } = message);
      for (const receiver of receivers.values()) await receiver.end();
    }
    if (message.type === "answer") answer = message;
  }
  return { imageId, metadata, answer };
}

function failureText({ message, hint, excerpt }: BuildFailure): string {
  const parts = [
    excerpt === undefined ? "" : `\n${excerpt}`,
    `ERROR: failed to solve: ${message}`,
    hint === undefined ? "" : `\n${hint}`,
  ];
  return parts.join("");
}

/** docker-compat: the config's digest, which is an image's id, goes before the digest of what goes to registries. */
function idOf({ imageId, metadata }: Result): string {
  if (imageId !== "") return imageId;
  const digest = metadata["containerimage.config.digest"] ?? metadata["containerimage.digest"];
  return typeof digest === "string" ? digest : "";
}

function writeResult({ flags, io }: Invocation, result: Result): void {
  const [iidFile, metadataFile] = [flags.text("iidfile"), flags.text("metadata-file")];
  const write = (path: string, text: string): void =>
    io.writeFile(absolutePath(path, io.workingDirectory), text, 0o644);
  if (iidFile !== "") write(iidFile, idOf(result));
  if (metadataFile !== "") write(metadataFile, JSON.stringify(result.metadata, undefined, 2));
}

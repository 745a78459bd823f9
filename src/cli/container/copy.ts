import { isDeviceMode, isDirectoryMode, isSymlinkMode, type PathStat } from "#spec/docker/archive.ts";
import type { EngineClient } from "#client/engine-client.ts";
import { CopyProgress } from "../copy/copy-progress.ts";
import {
  absoluteLocal,
  followedPath,
  parseCopyArgument,
  planCopy,
  renamed,
  splitEntry,
  type CopyInfo,
} from "../copy/copy-path.ts";
import { destinationInfo, localSource, validateOutput } from "../copy/local-path.ts";
import type { CliIo } from "../cli-io.ts";
import type { Handler } from "../command.ts";

interface Copy {
  readonly io: CliIo;
  readonly api: EngineClient;
  readonly container: string;
  /** In the container. */
  readonly path: string;
  /** On this machine, or `-`. */
  readonly local: string;
  readonly followLink: boolean;
  readonly copyUidGid: boolean;
  readonly quiet: boolean;
}

/** `cp`: by which side names a container it is told which way. */
export const copy: Handler = async ({ flags, args, io, client }) => {
  const [source = "", destination = ""] = args;
  if (source === "") throw new Error("source can not be empty");
  if (destination === "") throw new Error("destination can not be empty");
  const [from, to] = [parseCopyArgument(source), parseCopyArgument(destination)];
  if (from.container !== "" && to.container !== "") throw new Error("copying between containers is not supported");
  if (from.container === "" && to.container === "") throw new Error("must specify at least one container source");
  const out = from.container !== "";
  const side = out ? from : to;
  const request: Copy = {
    io,
    api: await client(),
    container: side.container,
    path: side.path,
    local: out ? to.path : from.path,
    followLink: flags.on("follow-link"),
    copyUidGid: flags.on("archive"),
    quiet: flags.given("quiet") ? flags.on("quiet") : !io.stdout.isTerminal(),
  };
  await (out ? copyOut(request) : copyIn(request));
  return 0;
};

async function copyOut(copy: Copy): Promise<void> {
  const { io, api, container, local } = copy;
  const trees = await io.trees();
  const destination = local === "-" ? local : absoluteLocal(local, io.workingDirectory);
  validateOutput(trees, destination);
  const { path, rebaseName } = copy.followLink
    ? await followed(api, container, copy.path)
    : { path: copy.path, rebaseName: "" };
  const { stat, body } = await api.containers.readArchive(container, path);
  if (local === "-") {
    for await (const chunk of body) io.stdout.write(chunk);
    return;
  }
  const source: CopyInfo = { path, exists: true, isDirectory: isDirectoryMode(stat.mode), rebaseName };
  const plan = planCopy(source, destinationInfo(trees, destination));
  const own = splitEntry(path).name;
  const rename = (name: string): string => {
    const kept = rebaseName === "" ? name : renamed(name, { from: own === "/" ? "" : own, to: rebaseName });
    return renamed(kept, plan.rename);
  };
  const progress = copy.quiet ? undefined : new CopyProgress(io.stderr, "Copying from container - ", io.now());
  const extraction = trees.extract(plan.directory, rename);
  try {
    for await (const chunk of body) {
      extraction.push(chunk);
      progress?.add(chunk.length, io.now());
    }
    extraction.end();
  } finally {
    extraction.close();
    progress?.end();
  }
  if (progress !== undefined) io.stderr.write(`Successfully copied ${progress.size} to ${destination}\n`);
}

/** Of a symlink, where it leads in the end. */
async function followed(
  api: EngineClient,
  container: string,
  path: string,
): Promise<{ readonly path: string; readonly rebaseName: string }> {
  const stat = await api.containers.statPath(container, path).catch(() => undefined);
  if (stat === undefined || !isSymlinkMode(stat.mode)) return { path, rebaseName: "" };
  return followedPath(path, targetOf(path, stat));
}

function targetOf(path: string, { linkTarget }: PathStat): string {
  return linkTarget.startsWith("/") ? linkTarget : `${splitEntry(path).directory}/${linkTarget}`;
}

async function copyIn(copy: Copy): Promise<void> {
  const { io, api, container, local } = copy;
  const destination = await containerDestination(copy);
  const options = { copyUidGid: copy.copyUidGid, noOverwriteDirNonDir: true };
  const progress = copy.quiet ? undefined : new CopyProgress(io.stderr, "Copying to container - ", io.now());
  const counted = (chunk: Uint8Array): Uint8Array => {
    progress?.add(chunk.length, io.now());
    return chunk;
  };
  try {
    if (local === "-") {
      if (!destination.isDirectory) throw new Error(`destination "${container}:${copy.path}" must be a directory`);
      await api.containers.writeArchive(container, destination.path, standardInput(io, counted), options);
    } else {
      const trees = await io.trees();
      const source = localSource(trees, absoluteLocal(local, io.workingDirectory), copy.followLink);
      const plan = planCopy(source, destination);
      const as = renamed(byteString(source.rebaseName || splitEntry(source.path).name), plan.rename);
      const pieces = trees.archive(source.path, as, (path, why) => {
        io.stderr.write(`${path}: ${why}\n`);
      });
      await api.containers.writeArchive(container, plan.directory, each(pieces, counted), options);
    }
  } finally {
    progress?.end();
  }
  if (progress !== undefined) {
    io.stderr.write(`Successfully copied ${progress.size} to ${container}:${destination.path}\n`);
  }
}

/** Where it goes; a missing place is judged by the engine. */
async function containerDestination({ api, container, path }: Copy): Promise<CopyInfo> {
  const stat = (of: string): Promise<PathStat | undefined> =>
    api.containers.statPath(container, of).catch(() => undefined);
  let found = await stat(path);
  let place = path;
  if (found !== undefined && isSymlinkMode(found.mode)) {
    place = targetOf(path, found);
    found = await stat(place);
  }
  if (found !== undefined && isDeviceMode(found.mode)) {
    throw new Error(`destination "${container}:${path}" must be a directory or a regular file: got a device`);
  }
  return {
    path: place,
    exists: found !== undefined,
    isDirectory: found !== undefined && isDirectoryMode(found.mode),
    rebaseName: "",
  };
}

const byteString = (text: string): string => Buffer.from(text).toString("latin1");

async function* standardInput(io: CliIo, counted: (chunk: Uint8Array) => Uint8Array): AsyncGenerator<Uint8Array> {
  for (let chunk = await io.stdin.read(); chunk !== undefined; chunk = await io.stdin.read()) yield counted(chunk);
}

async function* each(
  pieces: Iterable<Uint8Array>,
  counted: (chunk: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield counted(piece);
}

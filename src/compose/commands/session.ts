import { isAbsolute, join } from "node:path";
import { Limit } from "#base/async.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import { pullImage } from "#cli/image/pull-image.ts";
import { parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import { observeContainers, type ObservedContainer } from "../engine/observe.ts";
import { findFiles } from "../load/find-files.ts";
import { loadProject, type LoadOptions } from "../load/load-project.ts";
import type { Project } from "../load/project.ts";
import { projectName } from "../load/project-name.ts";
import { readEnvironment } from "../load/read-environment.ts";
import { standardInput } from "../load/read-files.ts";
import { isRemoteFile, remoteName, RemoteFileNeeded } from "../load/remote-files.ts";
import { openProgress, type Progress, type ProgressMode } from "../apply/progress.ts";
import type { ApplyContext } from "../apply/context.ts";
import { programsOf } from "../provide/programs.ts";
import { ParsedFiles, ParserNeeded } from "./parsed-files.ts";
import type { ComposeInvocation } from "./subcommand.ts";
import { ansiMode } from "./wants-colour.ts";
import { withStreams } from "./with-streams.ts";

type Overrides = Partial<
  Pick<
    LoadOptions,
    "services" | "interpolate" | "resolvePaths" | "resolveEnvironment" | "normalize" | "consistency" | "profiles"
  >
>;

/** Without a client nothing is fetched from registries. */
type Opening = Pick<ComposeInvocation, "io" | "global"> & Partial<Pick<ComposeInvocation, "config" | "client">>;

/**
 * Read the project that the flags and the folder mean; its warnings go to standard error. Files elsewhere are fetched when
 * they turn out to be needed, and reading begins anew.
 */
export async function openProject(invocation: Opening, overrides: Overrides = {}): Promise<Project> {
  const fetched = new Map<string, string>();
  const parsed = new ParsedFiles(invocation.io);
  let input: Promise<string> | undefined;
  const standardInputText = (): Promise<string> => (input ??= readAll(invocation.io));
  for (;;) {
    try {
      return await readProject(invocation, overrides, { fetched, parsed, standardInputText });
    } catch (error) {
      if (error instanceof ParserNeeded) {
        await parsed.loadParser();
        continue;
      }
      if (!(error instanceof RemoteFileNeeded)) throw error;
      const { config, client } = invocation;
      if (config === undefined || client === undefined) throw error;
      const { fetchFile } = await import("./fetch-file.ts");
      fetched.set(error.address, await fetchFile({ ...invocation, config, client }, error.address));
    }
  }
}

interface Sources {
  readonly fetched: ReadonlyMap<string, string>;
  readonly parsed: ParsedFiles;
  /** All of it, read once however often reading begins anew. */
  readonly standardInputText: () => Promise<string>;
}

async function readProject(
  invocation: Opening,
  overrides: Overrides,
  { fetched, parsed, standardInputText }: Sources,
): Promise<Project> {
  const { global, io } = invocation;
  const { text: stdinText, environment, ...place } = await whereabouts(invocation, fetched, standardInputText);
  const profiles = [...global.list("profile"), ...(environment.get("COMPOSE_PROFILES") ?? "").split(",")]
    .map((profile) => profile.trim())
    .filter((profile) => profile !== "");
  const project = loadProject(
    {
      ...place,
      fetched,
      name: global.text("project-name"),
      namesEnvironmentFiles: global.list("env-file").length > 0,
      shell: io.env,
      profiles,
      services: [],
      homeFolder: io.homeDirectory,
      compatibility:
        global.on("compatibility") || /^(?:1|true)$/iu.test(environment.get("COMPOSE_COMPATIBILITY") ?? ""),
      ...overrides,
    },
    {
      readText: (path) => (path === standardInput ? stdinText : io.readFile(path)),
      parse: (text, path) => parsed.read(text, path),
    },
  );
  for (const warning of project.warnings) io.stderr.write(`level=warning msg=${JSON.stringify(warning)}\n`);
  return project;
}

interface Whereabouts {
  readonly files: readonly string[];
  readonly workingDirectory: string;
  readonly environmentFiles: readonly string[];
  /** What was read from standard input, for a file `-`. */
  readonly text: string | undefined;
  readonly environment: ReadonlyMap<string, string>;
  /** What a project from elsewhere is called. */
  readonly defaultName: string | undefined;
}

async function whereabouts(
  { global, io }: Opening,
  fetched: ReadonlyMap<string, string>,
  standardInputText: () => Promise<string>,
): Promise<Whereabouts> {
  const current = io.workingDirectory;
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(current, path));
  const shell = new Map(Object.entries(io.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const separator = shell.get("COMPOSE_PATH_SEPARATOR") || ":";
  const projectDirectory = global.text("project-directory") || global.text("workdir");
  const given = global.list("file");
  const reader = { readText: (path: string) => io.readFile(path) };
  // COMPOSE_FILE may itself stand in the environment file of the current folder.
  const beforehand = io.exists(join(projectDirectory || current, ".env"))
    ? readEnvironment([absolute(join(projectDirectory, ".env"))], shell, reader)
    : shell;
  const fromVariable = (beforehand.get("COMPOSE_FILE") ?? "").split(separator).filter((file) => file !== "");
  const asked = given.length > 0 ? given : fromVariable;
  const found = findFiles({
    given: asked.map((file) => localFile(file, fetched)),
    projectDirectory,
    currentDirectory: current,
    exists: (path) => io.exists(path),
  });
  const text = found.files.includes(standardInput) ? await standardInputText() : undefined;
  const environmentFiles = environmentFilesOf(
    global.list("env-file"),
    shell,
    found.workingDirectory,
    absolute,
    (path) => io.exists(path),
  );
  const [first = ""] = asked;
  return {
    ...found,
    environmentFiles,
    text,
    environment: readEnvironment(environmentFiles, shell, reader),
    defaultName: isRemoteFile(first) ? remoteName(first) : undefined,
  };
}

function localFile(file: string, fetched: ReadonlyMap<string, string>): string {
  if (!isRemoteFile(file)) return file;
  const local = fetched.get(file);
  if (local === undefined) throw new RemoteFileNeeded(file);
  return local;
}

function environmentFilesOf(
  given: readonly string[],
  shell: ReadonlyMap<string, string>,
  folder: string,
  absolute: (path: string) => string,
  exists: (path: string) => boolean,
): readonly string[] {
  if (given.length > 0) return given.map(absolute);
  const named = (shell.get("COMPOSE_ENV_FILES") ?? "").split(",").filter((file) => file !== "");
  if (named.length > 0) return named.map(absolute);
  if (/^(?:1|true)$/iu.test(shell.get("COMPOSE_DISABLE_ENV_FILE") ?? "")) return [];
  const usual = join(folder, ".env");
  return exists(usual) ? [usual] : [];
}

async function readAll({ stdin }: ComposeInvocation["io"]): Promise<string> {
  const parts: Uint8Array[] = [];
  for (let chunk = await stdin.read(); chunk !== undefined; chunk = await stdin.read()) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

/** A project that may have no file here. */
export interface NamedProject {
  readonly name: string;
  /** With the services of all profiles. */
  readonly project: Project | undefined;
  /** Services that no inactive profile keeps out. */
  readonly active: ReadonlySet<string>;
}

/**
 * The project of `-p`, whatever files are here, or that of a file, or that of COMPOSE_PROJECT_NAME. Commands about containers
 * that are there need no more than a name.
 */
export async function openProjectName(invocation: ComposeInvocation): Promise<NamedProject> {
  const { global, io } = invocation;
  const flag = global.text("project-name");
  const byName = (given: string): NamedProject => ({
    name: projectName({ flag: given, environment: undefined, file: undefined, folder: io.workingDirectory }),
    project: undefined,
    active: new Set(),
  });
  if (flag !== "" && global.list("file").length === 0) return byName(flag);
  try {
    const project = await openProject(invocation, { consistency: false });
    const services = new Map([...project.services, ...project.disabledServices]);
    return {
      name: project.name,
      project: { ...project, services, disabledServices: new Map() },
      active: new Set(project.services.keys()),
    };
  } catch (error) {
    const given = io.env["COMPOSE_PROJECT_NAME"];
    if (!isBerthError(error, "not-found") || !given || global.list("file").length > 0) throw error;
    return byName(given);
  }
}

/** Containers that a command means that names no service: those of services that no inactive profile keeps out. */
export const activeContainers = (
  containers: readonly ObservedContainer[],
  { project, active }: NamedProject,
): readonly ObservedContainer[] =>
  project === undefined ? containers : containers.filter(({ service }) => active.has(service));

/** The project's containers of the services named, of all when none is. `not-found` for a service that is nowhere. */
export async function containersOf(
  client: EngineClient,
  name: string,
  services: readonly string[],
  options: { readonly project?: Project | undefined; readonly oneOff?: boolean } = {},
): Promise<readonly ObservedContainer[]> {
  const all = await observeContainers(client, name, { oneOff: options.oneOff ?? false });
  for (const service of services) {
    const known =
      options.project?.services.has(service) === true || all.some((container) => container.service === service);
    if (!known) throw new BerthError("not-found", `no such service: ${service}`);
  }
  return services.length === 0 ? all : all.filter(({ service }) => services.includes(service));
}

/** The container of a service with the number, the first when it is 0. `not-found` when it does not run. */
export async function containerOf(
  client: EngineClient,
  name: string,
  service: string,
  index: number,
  options: { readonly stopped?: boolean } = {},
): Promise<ObservedContainer> {
  const own = (await observeContainers(client, name)).filter((container) => container.service === service);
  const usable = options.stopped === true ? own : own.filter(({ state }) => state === "running");
  const found = index > 0 ? usable.find(({ number }) => number === index) : usable[0];
  if (found === undefined)
    throw new BerthError(
      "not-found",
      index > 0
        ? `service ${JSON.stringify(service)} is not running container #${index}`
        : `service ${JSON.stringify(service)} is not running`,
    );
  return found;
}

export function progressOf(invocation: ComposeInvocation, title?: string): Progress {
  const { global, io } = invocation;
  const mode =
    global.text("progress") || io.env["COMPOSE_PROGRESS"] || (ansiMode(invocation) === "never" ? "plain" : "auto");
  if (!["auto", "tty", "plain", "json", "quiet"].includes(mode))
    throw new BerthError("invalid-parameter", `unsupported --progress value ${JSON.stringify(mode)}`);
  const onStdout = /^(?:1|t|true)$/iu.test(io.env["COMPOSE_STATUS_STDOUT"] ?? "");
  const shownOn = onStdout ? withStreams(io, { stderr: io.stdout }) : io;
  return openProgress(mode as ProgressMode, shownOn, { title, dryRun: global.on("dry-run") });
}

/** What carrying out needs, over this invocation. */
export async function applyContext(
  invocation: ComposeInvocation,
  project: Project,
  progress: Progress,
): Promise<ApplyContext> {
  const { io, global } = invocation;
  return {
    project,
    client: await invocation.client(),
    progress,
    dryRun: global.on("dry-run"),
    parallel: new Limit(parallelism(invocation)),
    programs: programsOf(invocation, project.environment),
    now: () => io.now(),
    sleep: (ms) => io.sleep(ms),
    readBytes: (path) => io.readBytes(path),
    pull: (image, platform) =>
      pullImage(invocation, { reference: withDefaultTag(parseReference(image)), platform, output: undefined }),
    build: async (service, image) => {
      const { buildService } = await import("./build-service.ts");
      await progress.lend(() => buildService(invocation, project, service, image));
    },
  };
}

/** `--parallel`, or `COMPOSE_PARALLEL_LIMIT`; without bound when neither says so. */
function parallelism({ global, io }: ComposeInvocation): number {
  const limit = global.given("parallel") ? global.number("parallel") : Number(io.env["COMPOSE_PARALLEL_LIMIT"] || "-1");
  if (!Number.isInteger(limit))
    throw new BerthError("invalid-parameter", `invalid limit of parallel work: ${limit}`, {
      hint: "It is a number from 1 on; 0 and -1 are no limit.",
    });
  return limit <= 0 ? Number.POSITIVE_INFINITY : limit;
}

import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { isDaemonAnswer } from "#client/api-error.ts";
import type { RunOptions } from "#client/containers-api.ts";
import type { EndedStream } from "#client/ended-stream.ts";
import type { MadeAndRun } from "#client/made-and-run.ts";
import type { CreateResponse, WaitResponse } from "#spec/docker/container.ts";
import { familiarString, parseAnyReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Invocation } from "../command.ts";
import { proxyEnvironment } from "../config/cli-config.ts";
import type { WithApiSocket } from "./options/api-socket.ts";
import { containerRequest, type ContainerRequest } from "./container-config.ts";

const PULL_POLICIES = ["always", "missing", "never"];

/** The request of `run` or `create`, checked before anything is sent. */
export function requestOf({ flags, args, io }: Invocation): ContainerRequest {
  const policy = flags.text("pull");
  if (!PULL_POLICIES.includes(policy)) {
    throw new BerthError(
      "invalid-parameter",
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
    );
  }
  return containerRequest(flags, args, io);
}

/** `begun`: it is being run already. */
export interface CreatedContainer {
  readonly id: string;
  readonly begun?: BegunRun;
}

/** Resolves when the container runs, rejects when it does not start. */
export type BegunRun = () => Promise<EndedStream<WaitResponse>>;

/**
 * Creates the container, pulling its image as `--pull` says. `run`: how to run it at once, where the engine can, nothing is to
 * be done in between and it gets no input.
 */
export async function createContainer(
  invocation: Invocation,
  request: ContainerRequest,
  run?: RunOptions,
): Promise<CreatedContainer> {
  const { flags, io } = invocation;
  const cidFile = flags.text("cidfile");
  if (cidFile !== "") await checkCidFile(cidFile, io);
  warn(request, invocation);
  const named = parseAnyReference(request.image);
  const reference = named.kind === "reference" ? withDefaultTag(named.reference) : undefined;
  const policy = flags.text("pull");
  const platform = await checkedPlatform(flags.text("platform"), io.architecture);
  const pull = async (): Promise<void> => {
    if (reference === undefined) throw new BerthError("invalid-parameter", "invalid reference format");
    const { pullImage } = await import("../image/pull-image.ts");
    await pullImage(invocation, { reference, platform, output: flags.on("quiet") ? undefined : io.stderr });
  };
  if (policy === "always") await pull();
  const client = await invocation.client();
  const { body, credentials } = await withAccess(await withProxies(request, invocation), invocation);
  const options = { name: flags.text("name"), platform };
  const create = async (): Promise<MadeAndRun<CreateResponse, WaitResponse>> =>
    run === undefined || run.stdin === true || credentials !== undefined || cidFile !== ""
      ? { made: await client.containers.create(body, options) }
      : client.containers.createAndRun(body, options, run);
  let created: MadeAndRun<CreateResponse, WaitResponse>;
  try {
    created = await create();
  } catch (error) {
    if (!isBerthError(error, "not-found") || !isDaemonAnswer(error) || reference === undefined || policy !== "missing")
      throw error;
    if (!flags.on("quiet")) io.stderr.write(`Unable to find image '${familiarString(reference)}' locally\n`);
    await pull();
    created = await create();
  }
  const { Id: id, Warnings } = created.made;
  if (credentials !== undefined)
    await client.containers.writeArchive(id, "/", credentials, { noOverwriteDirNonDir: true });
  for (const warning of Warnings ?? []) io.stderr.write(`WARNING: ${warning}\n`);
  if (cidFile !== "") io.writeFile(cidFile, id, 0o644);
  return { id, ...(created.run === undefined ? {} : { begun: created.run }) };
}

async function checkCidFile(path: string, io: Invocation["io"]): Promise<void> {
  if (io.exists(path)) {
    throw new BerthError(
      "invalid-parameter",
      `container ID file found, make sure the other container isn't running or delete ${path}`,
    );
  }
  const { dirname } = await import("node:path");
  if (!io.exists(dirname(path))) {
    throw new BerthError(
      "invalid-parameter",
      `failed to create the container ID file: open ${path}: no such file or directory`,
    );
  }
}

/** The platform in full, `linux/arm64` for `arm64`. */
async function checkedPlatform(text: string, architecture: string): Promise<string> {
  if (text === "") return "";
  const { formatPlatform, parsePlatform } = await import("#spec/oci/platform.ts");
  try {
    const platform = parsePlatform(text, { os: "linux", architecture });
    return text.includes("/") ? text : formatPlatform(platform);
  } catch (cause) {
    throw new BerthError("invalid-parameter", `error parsing specified platform: ${messageOf(cause)}`, { cause });
  }
}

async function withProxies(
  request: ContainerRequest,
  { config, flags, engine }: Invocation,
): Promise<ContainerRequest["body"]> {
  if (config.file.proxies === undefined) return request.body;
  const proxies = proxyEnvironment(config.file, (await engine()).host, flags.list("env"));
  if (proxies.length === 0) return request.body;
  return { ...request.body, Env: [...((request.body["Env"] as readonly string[] | null) ?? []), ...proxies] };
}

async function withAccess(body: ContainerRequest["body"], invocation: Invocation): Promise<WithApiSocket> {
  if (!invocation.flags.on("use-api-socket")) return { body, credentials: undefined };
  const { withApiSocket } = await import("./options/api-socket.ts");
  return withApiSocket(body, invocation);
}

function warn(request: ContainerRequest, { io }: Invocation): void {
  if (request.oomKillDisable && request.memory === 0) {
    io.stderr.write(
      "WARNING: Disabling the OOM killer on containers without setting a '-m/--memory' limit may be dangerous.\n",
    );
  }
  const local = request.dns.find((address) => address.startsWith("127.") || address === "::1");
  if (local !== undefined) {
    io.stderr.write(`WARNING: Localhost DNS (${local}) may fail in containers.\n`);
  }
}

import type { WhyResponse } from "#spec/berth/exit-report.ts";
import { decodePathStat, pathStatHeader, type FilesystemChange, type PathStat } from "#spec/docker/archive.ts";
import type {
  ContainerInspect,
  ContainerSummary,
  CreateResponse,
  TopResponse,
  WaitCondition,
  WaitResponse,
} from "#spec/docker/container.ts";
import type { UpdateResponse } from "#spec/docker/update.ts";
import { queryText, type ApiTransport, type HijackedStream, type Query } from "./api-transport.ts";
import { endedStream, type EndedStream } from "./ended-stream.ts";
import { callToRun, type MadeAndRun } from "./made-and-run.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";

/** Body of create, as JSON; see the Engine API's ContainerConfig, HostConfig and NetworkingConfig. */
export type CreateBody = Readonly<Record<string, unknown>>;

export interface AttachOptions {
  readonly stream?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly logs?: boolean;
  readonly detachKeys?: string;
}

export interface LogsOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly details?: boolean;
  /** Unix seconds with optional fraction. */
  readonly since?: string;
  readonly until?: string;
  readonly tail?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly all?: boolean;
  readonly size?: boolean;
  readonly limit?: number;
  readonly filters?: FilterValues;
}

export interface CommitOptions {
  /** Without a repository the image gets no name. */
  readonly repository?: string;
  readonly tag?: string;
  readonly author?: string;
  readonly comment?: string;
  /** Stop the container's processes meanwhile; so it is when nothing is said. */
  readonly pause?: boolean;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
  /** Instead of the container's own config. */
  readonly config?: CreateBody;
}

export interface RunOptions extends Omit<AttachOptions, "stream" | "logs"> {
  readonly condition: WaitCondition;
  readonly terminal: boolean;
}

const runQuery = ({ stdin, stdout, stderr, detachKeys, condition }: Omit<RunOptions, "terminal">): Query => ({
  condition,
  detachKeys: detachKeys || undefined,
  stderr,
  stdin,
  stdout,
});

/** `/containers`: names and ids are interchangeable everywhere. */
export class ContainersApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  create(
    body: CreateBody,
    options: { readonly name?: string; readonly platform?: string } = {},
  ): Promise<CreateResponse> {
    const query = { name: options.name || undefined, platform: options.platform || undefined };
    return this.#transport.json("POST", "/containers/create", { query, json: body });
  }

  /** Create, and attach, wait and start by the same request where the engine is Berth. For one without input. */
  createAndRun(
    body: CreateBody,
    { name, platform }: { readonly name?: string; readonly platform?: string },
    { terminal, ...run }: RunOptions,
  ): Promise<MadeAndRun<CreateResponse, WaitResponse>> {
    const query = { name: name || undefined, platform: platform || undefined };
    return callToRun(this.#transport, "/containers/create", {
      query,
      json: body,
      asked: queryText(runQuery(run)),
      terminal,
    });
  }

  list(options: ListOptions = {}): Promise<readonly ContainerSummary[]> {
    const { all, size, limit, filters } = options;
    const query = {
      all,
      limit: limit === undefined || limit <= 0 ? undefined : limit,
      size,
      filters: filtersParameter(filters),
    };
    return this.#transport.json("GET", "/containers/json", { query });
  }

  inspect(id: string, options: { readonly size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#transport.json("GET", `/containers/${segment(id)}/json`, { query: { size: options.size } });
  }

  /** `10mbit[/BURST]` for each of the container's endpoints, or `none`. */
  setNetworkRate(id: string, rate: string): Promise<void> {
    return this.#transport.send("POST", `/berth/containers/${segment(id)}/network-rate`, { json: { Rate: rate } });
  }

  /** How it ended, each time; only engines that are Berth can tell. */
  why(id: string): Promise<WhyResponse> {
    return this.#transport.json("GET", `/berth/containers/${segment(id)}/why`);
  }

  start(
    id: string,
    options: { readonly detachKeys?: string; readonly checkpoint?: string; readonly checkpointDir?: string } = {},
  ): Promise<void> {
    const query = { checkpoint: options.checkpoint || undefined, "checkpoint-dir": options.checkpointDir || undefined };
    return this.#transport.send("POST", `/containers/${segment(id)}/start`, { query });
  }

  /** `timeoutSeconds` undefined = the container's own. */
  stop(id: string, options: { readonly signal?: string; readonly timeoutSeconds?: number } = {}): Promise<void> {
    const query = { signal: options.signal || undefined, t: options.timeoutSeconds };
    return this.#transport.send("POST", `/containers/${segment(id)}/stop`, { query });
  }

  restart(id: string, options: { readonly signal?: string; readonly timeoutSeconds?: number } = {}): Promise<void> {
    const query = { signal: options.signal || undefined, t: options.timeoutSeconds };
    return this.#transport.send("POST", `/containers/${segment(id)}/restart`, { query });
  }

  kill(id: string, signal = ""): Promise<void> {
    return this.#transport.send("POST", `/containers/${segment(id)}/kill`, { query: { signal: signal || undefined } });
  }

  pause(id: string): Promise<void> {
    return this.#transport.send("POST", `/containers/${segment(id)}/pause`);
  }

  unpause(id: string): Promise<void> {
    return this.#transport.send("POST", `/containers/${segment(id)}/unpause`);
  }

  rename(id: string, name: string): Promise<void> {
    return this.#transport.send("POST", `/containers/${segment(id)}/rename`, { query: { name } });
  }

  /** `body`: the Engine API's Resources and a RestartPolicy; zero, "" and null leave things as they are. */
  update(id: string, body: Readonly<Record<string, unknown>>): Promise<UpdateResponse> {
    return this.#transport.json("POST", `/containers/${segment(id)}/update`, { json: body });
  }

  remove(
    id: string,
    options: { readonly volumes?: boolean; readonly link?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const query = { v: options.volumes, link: options.link, force: options.force };
    return this.#transport.send("DELETE", `/containers/${segment(id)}`, { query });
  }

  /**
   * Resolves to a second promise as soon as the daemon waits (its head has arrived), so that a start after it cannot be
   * missed (`not-running` without a condition); the second one resolves when the condition came true.
   */
  async wait(id: string, condition?: WaitCondition, signal?: AbortSignal): Promise<() => Promise<WaitResponse>> {
    const response = await this.#transport.call("POST", `/containers/${segment(id)}/wait`, {
      query: { condition },
      ...(signal === undefined ? {} : { signal }),
    });
    const text = response.text();
    text.catch(() => undefined);
    return async () => JSON.parse(await text) as WaitResponse;
  }

  /**
   * Attach, wait and start by one request, where {@link runFeature} is one of the engine's. Rejects when it does not start.
   * `terminal`: it has one.
   */
  async run(id: string, { terminal, ...run }: RunOptions): Promise<EndedStream<WaitResponse>> {
    const query = runQuery(run);
    const path = `/berth/containers/${segment(id)}/run`;
    const { stream } = await this.#transport.hijack("POST", path, { query, contentType: "text/plain" });
    return endedStream(stream, terminal);
  }

  attach(id: string, options: AttachOptions): Promise<HijackedStream> {
    const { stream, stdin, stdout, stderr, logs, detachKeys } = options;
    const query = { detachKeys: detachKeys || undefined, logs, stderr, stdin, stdout, stream };
    return this.#transport.hijack("POST", `/containers/${segment(id)}/attach`, { query, contentType: "text/plain" });
  }

  /** Framed output unless the container has a terminal. */
  async logs(id: string, options: LogsOptions): Promise<AsyncIterable<Uint8Array>> {
    const { stdout, stderr, follow, timestamps, details, since, until, tail, signal } = options;
    const query = {
      details,
      follow,
      since: since || undefined,
      stderr,
      stdout,
      tail: tail || undefined,
      timestamps,
      until: until || undefined,
    };
    const response = await this.#transport.call("GET", `/containers/${segment(id)}/logs`, {
      query,
      ...(signal === undefined ? {} : { signal }),
    });
    return response.body();
  }

  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
    return this.#transport.send("POST", `/containers/${segment(id)}/resize`, {
      query: { h: size.rows, w: size.columns },
    });
  }

  top(id: string, psArguments: readonly string[] = []): Promise<TopResponse> {
    const query = { ps_args: psArguments.length === 0 ? undefined : psArguments.join(" ") };
    return this.#transport.json("GET", `/containers/${segment(id)}/top`, { query });
  }

  /** One sample, or one a second with `stream`. */
  async stats(
    id: string,
    options: { readonly stream?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#transport.call("GET", `/containers/${segment(id)}/stats`, {
      query: { stream: options.stream === true ? "1" : "0" },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return response.body();
  }

  /** What a path in the container is; a symlink itself unless the path ends in `/` or `/.`. */
  async statPath(id: string, path: string): Promise<PathStat> {
    const response = await this.#transport.call("HEAD", `/containers/${segment(id)}/archive`, { query: { path } });
    return decodePathStat(response.headers.get(pathStatHeader.toLowerCase()));
  }

  /** A path with all below it as a tar archive. */
  async readArchive(
    id: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly body: AsyncIterable<Uint8Array> }> {
    const response = await this.#transport.call("GET", `/containers/${segment(id)}/archive`, {
      query: { path },
      ...(signal === undefined ? {} : { signal }),
    });
    return { stat: decodePathStat(response.headers.get(pathStatHeader.toLowerCase())), body: response.body() };
  }

  /** Extract a tar archive into an existing directory. */
  writeArchive(
    id: string,
    path: string,
    archive: AsyncIterable<Uint8Array> | Uint8Array,
    options: {
      /** Refuse to replace a directory by something else, and the other way round. */
      readonly noOverwriteDirNonDir?: boolean;
      /** Members belong to the container's user instead of the archive's. */
      readonly copyUidGid?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<void> {
    const { noOverwriteDirNonDir, copyUidGid, signal } = options;
    return this.#transport.send("PUT", `/containers/${segment(id)}/archive`, {
      query: {
        copyUIDGID: copyUidGid === true ? "true" : undefined,
        noOverwriteDirNonDir: noOverwriteDirNonDir === true ? "true" : undefined,
        path,
      },
      body: archive,
      contentType: "application/x-tar",
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The container's root as a tar archive. */
  async export(id: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#transport.call("GET", `/containers/${segment(id)}/export`, {
      ...(signal === undefined ? {} : { signal }),
    });
    return response.body();
  }

  /** What the container changed in its image's files. */
  async changes(id: string): Promise<readonly FilesystemChange[]> {
    const found = await this.#transport.json<readonly FilesystemChange[] | null>(
      "GET",
      `/containers/${segment(id)}/changes`,
    );
    return found ?? [];
  }

  /** Make an image of the container; its id. */
  async commit(id: string, options: CommitOptions = {}): Promise<string> {
    const { repository = "", tag = "", author = "", comment = "", pause, changes, config } = options;
    const { Id } = await this.#transport.json<{ readonly Id: string }>("POST", "/commit", {
      query: {
        author,
        changes,
        comment,
        container: id,
        pause: pause === false ? "0" : undefined,
        repo: repository,
        tag,
      },
      ...(config === undefined ? {} : { json: config }),
    });
    return Id;
  }
}

/** A name or id as one path segment. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

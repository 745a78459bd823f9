import { BerthError } from "#base/errors.ts";
import { decode, dict, flag, int64, list, nullable, struct, text, type Decoded, type Shape } from "../docker/schema.ts";
import type { BuildCall } from "./build.ts";

/** What `POST /berth/build` begins with, as one line of JSON. What is missing has its zero value. */
export type BuildOptions = Decoded<typeof buildOptions>;

/** `--output`: BuildKit's types and attributes but `dest`, which is the client's business alone. */
export type BuildOutputOption = Decoded<typeof buildOutput>;

/** `--attest`: BuildKit's types and attributes. */
export type BuildAttestation = Decoded<typeof buildAttestation>;

/** `--annotation`: an exporter's attribute, such as `annotation-manifest[linux/amd64].KEY`. */
export type BuildAnnotation = Decoded<typeof buildAnnotation>;

export type BuildContextOption =
  /** Behind the options. */
  | { readonly kind: "archive" }
  | { readonly kind: "remote"; readonly url: string }
  /**
   * A folder of the engine's machine. `boot`, `device` and `inode` prove that client and engine mean the same one; else
   * the engine answers `conflict` and the client sends an archive.
   */
  | { readonly kind: "folder"; readonly path: string; readonly identity: string }
  | { readonly kind: "none" };

/** `invalid-parameter` for a property of the wrong type, or a kind that there is not. */
export function decodeBuildOptions(body: unknown): BuildOptions {
  return decode(buildOptions, body);
}

/** As `inner`, but what is missing is `zero`. */
function filled<T>(inner: Shape<T | null>, zero: T): Shape<T> {
  return {
    ...inner,
    zero,
    decode: (value, at) => inner.decode(value, at) ?? zero,
    print: (value) => inner.print(value),
  };
}

const array = <T>(inner: Shape<T>): Shape<readonly T[]> => filled(list(inner), []);
const map = <T>(inner: Shape<T>): Shape<Readonly<Record<string, T>>> => filled(dict(inner), {});

const buildAttestation = struct("berth.BuildAttestation", { type: text, attributes: map(text) });

const buildAnnotation = struct("berth.BuildAnnotation", { attribute: text, value: text });

const buildOutput = struct("berth.BuildOutput", {
  type: text,
  attributes: map(text),
  /** Its bytes come in lines of type `data`. */
  toClient: flag,
});

const anyContext = struct("berth.BuildContext", { kind: text, url: text, path: text, identity: text });

const buildContext: Shape<BuildContextOption> = {
  ...anyContext,
  zero: { kind: "none" },
  decode(value, at) {
    const { kind, url, path, identity } = anyContext.decode(value, at);
    if (kind === "archive" || kind === "none") return { kind };
    if (kind === "remote") return { kind, url };
    if (kind === "folder") return { kind, path, identity };
    throw new BerthError("invalid-parameter", `a build has no context of kind ${JSON.stringify(kind)}`);
  },
  print: (context) => context,
};

const CALLS: readonly BuildCall[] = ["build", "check", "outline", "targets"];

const buildCall: Shape<BuildCall> = {
  ...text,
  zero: "build",
  decode(value, at) {
    const wanted = text.decode(value, at);
    const call = CALLS.find((one) => one === wanted);
    if (call === undefined)
      throw new BerthError("invalid-parameter", `a build is not called ${JSON.stringify(wanted)}: ${CALLS.join(", ")}`);
    return call;
  },
};

const names = array(text);
const noCache: Shape<boolean | readonly string[]> = {
  ...flag,
  decode: (value, at) => (Array.isArray(value) ? names.decode(value, at) : flag.decode(value, at)),
};

const buildOptions = struct("berth.BuildOptions", {
  buildId: text,
  context: buildContext,
  /** Path of the Dockerfile in the context; "" is `Dockerfile`. */
  dockerfile: text,
  /** The Dockerfile's text, when it is not in the context. */
  dockerfileText: nullable(text),
  /** Folders of the engine's machine, `docker-image://…`, git and web addresses, by name. */
  contexts: map(text),
  /**
   * What the folders that `contexts` and `cacheFrom` name are to the client, by path: the engine must see the same ones
   * there, or answers `conflict`.
   */
  folders: map(text),
  /** Folders that are sent to an engine that does not see them, by path: ids of trees, see sent-trees.ts. */
  sent: map(text),
  tags: array(text),
  /** Null: named without a value. */
  buildArgs: map(nullable(text)),
  labels: map(text),
  target: text,
  /** True for all stages, or their names. */
  noCache,
  pull: flag,
  /** Several are separated by commas. */
  platform: text,
  /** None: an image in the engine's store. */
  outputs: array(buildOutput),
  annotations: array(buildAnnotation),
  /** `src` of a local one is a folder of the engine's machine. */
  cacheFrom: array(buildOutput),
  /** Those that come to the client are counted behind the outputs. */
  cacheTo: array(buildOutput),
  attestations: array(buildAttestation),
  /** The new layers become one. */
  squash: flag,
  network: text,
  hosts: array(text),
  /** 0 is the engine's own size. */
  shmSizeBytes: int64,
  ulimits: array(struct("berth.Ulimit", { Name: text, Soft: int64, Hard: int64 })),
  cgroupParent: text,
  limits: struct("berth.BuildLimits", {
    memoryBytes: int64,
    memorySwapBytes: int64,
    cpuShares: int64,
    cpuPeriod: int64,
    cpuQuota: int64,
    cpusetCpus: text,
    cpusetMems: text,
  }),
  /** Base64, by id. */
  secrets: map(text),
  /** Paths of agents' sockets on the engine's machine, by id. */
  agents: map(text),
  /** What the sockets' folders are to the client, by path: an agent of another machine is not there. */
  agentFolders: map(text),
  /** Then the client is asked for connections to it, see build.ts; else it is refused. */
  forwardsAgents: flag,
  /** Entitlements: `security.insecure`, `device`, `device=NAME`. */
  allow: array(text),
  /** When a step fails its place waits for a shell, see BuildFailure. */
  debug: flag,
  /** All but `build` look at the Dockerfile only, and are answered by a line of type `answer`. */
  call: buildCall,
});

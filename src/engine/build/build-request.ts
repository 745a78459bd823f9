import type { BuildCall } from "#build/build-request.ts";
import type { AttestRequest } from "#build/attest/attest-options.ts";
import type { CacheRequest } from "#build/cache/cache-target.ts";
import type { OutputRequest } from "#build/export/export-target.ts";
import type { RegistryAuth } from "#image/types.ts";
import type { StepSettings } from "#build/solver/types.ts";
import type { AskAgent } from "./forwarded-agents.ts";

/** Where the files come from that a build may use. */
export type BuildContext =
  /** A tar archive, compressed or not, on its way. */
  | { readonly kind: "archive"; readonly body: AsyncIterable<Uint8Array> }
  /** A Dockerfile, an archive or a git repository at a web address. */
  | { readonly kind: "remote"; readonly url: string }
  /** A folder of this machine; see `folderIdentity` of host/. */
  | { readonly kind: "folder"; readonly path: string; readonly identity: string }
  /** What a client elsewhere sent, in a folder of the build. */
  | { readonly kind: "sent"; readonly path: string }
  /** Nothing but the Dockerfile. */
  | { readonly kind: "none" };

/** What a client asks to be built. */
export interface EngineBuildRequest {
  /** By which the build can be cancelled; "" when it cannot. */
  readonly buildId: string;
  readonly context: BuildContext;
  /** Path of the Dockerfile in the context; "" is `Dockerfile`. */
  readonly dockerfile: string;
  /** The Dockerfile itself, when it is not in the context. */
  readonly dockerfileText: string | undefined;
  /** Further folders by name, and what else a name may stand for: `docker-image://…`, a git or web address. */
  readonly contexts: ReadonlyMap<string, string>;
  /** The client's identities of folders that contexts and caches name, by path. */
  readonly folders: ReadonlyMap<string, string>;
  /** Its identities of the folders of agents' sockets, by path. */
  readonly agentFolders: ReadonlyMap<string, string>;
  /** For agents that are not on this machine; undefined: they are refused. */
  readonly askAgent: AskAgent | undefined;
  /** Folders of a client elsewhere, by their paths there: ids of offered trees, whose chunks come in this order. */
  readonly sent: ReadonlyMap<string, string>;
  /** The chunks. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** `name[:tag]`. */
  readonly tags: readonly string[];
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly labels: ReadonlyMap<string, string>;
  readonly target: string;
  readonly noCache: boolean | readonly string[];
  readonly pull: boolean;
  /** Several `os[/arch[/variant]]`, separated by commas; "" = this machine's. */
  readonly platform: string;
  /** None: an image in the store. */
  readonly outputs: readonly OutputRequest[];
  /** Of every output that is an image, as attributes of exporters: see `annotationOf`. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly cacheFrom: readonly CacheRequest[];
  readonly cacheTo: readonly CacheRequest[];
  readonly attestations: readonly AttestRequest[];
  /** The new layers become one. */
  readonly squash: boolean;
  readonly network: string;
  readonly settings: Omit<StepSettings, "networkOf">;
  readonly auth: ReadonlyMap<string, RegistryAuth>;
  readonly allowInsecure: boolean;
  readonly allowedDevices: "all" | ReadonlySet<string>;
  readonly dialect: "buildkit" | "classic";
  /** Where a step fails wait for somebody to look around, by an event `kept`. */
  readonly debug: boolean;
  /** All but `build` look at the Dockerfile only. */
  readonly call: BuildCall;
}

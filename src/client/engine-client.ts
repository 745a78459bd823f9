import type { Dial } from "#host/http/duplex.ts";
import { createHttpClient } from "#host/http/http-client.ts";
import { ApiTransport } from "./api-transport.ts";
import { BuildApi } from "./build-api.ts";
import { ContainersApi } from "./containers-api.ts";
import { ExecApi } from "./exec-api.ts";
import { ImagesApi } from "./images-api.ts";
import { NetworksApi } from "./networks-api.ts";
import { PruneApi } from "./prune-api.ts";
import { SystemApi } from "./system-api.ts";
import { VolumeCopiesApi } from "./volume-copies-api.ts";
import { VolumesApi } from "./volumes-api.ts";

export interface EngineClientDeps {
  /** Opens a connection: `dialSocket` for unix and tcp. */
  readonly dial: Dial;
  /** The server as the person names it, used in messages. */
  readonly hostName: string;
  /** The HTTP `Host` header; `api.docker.internal`-like constants for unix sockets are fine. */
  readonly httpHost?: string;
  readonly userAgent?: string;
  /** Sent with every request (config.json HttpHeaders). */
  readonly headers?: Readonly<Record<string, string>>;
  /** Speak exactly this version. */
  readonly apiVersion?: string;
}

/**
 * The typed client of the Docker Engine API: of berthd, dockerd or anything else that speaks it. Methods throw
 * `BerthError`: the daemon's refusals by kind with the daemon's message, `unavailable` when it cannot be reached.
 */
export class EngineClient {
  readonly transport: ApiTransport;
  readonly build: BuildApi;
  readonly containers: ContainersApi;
  readonly exec: ExecApi;
  readonly images: ImagesApi;
  readonly networks: NetworksApi;
  readonly prune: PruneApi;
  readonly system: SystemApi;
  readonly volumes: VolumesApi;
  readonly volumeCopies: VolumeCopiesApi;

  constructor(deps: EngineClientDeps) {
    const http = createHttpClient({
      dial: deps.dial,
      host: deps.httpHost ?? "berth",
      headers: { "User-Agent": deps.userAgent ?? "Berth-Client", ...deps.headers },
    });
    this.transport = new ApiTransport({
      http,
      hostName: deps.hostName,
      ...(deps.apiVersion === undefined ? {} : { apiVersion: deps.apiVersion }),
    });
    this.build = new BuildApi(this.transport);
    this.containers = new ContainersApi(this.transport);
    this.exec = new ExecApi(this.transport);
    this.images = new ImagesApi(this.transport);
    this.networks = new NetworksApi(this.transport);
    this.prune = new PruneApi(this.transport);
    this.system = new SystemApi(this.transport);
    this.volumes = new VolumesApi(this.transport);
    this.volumeCopies = new VolumeCopiesApi(this.transport);
  }

  /** Closes idle connections. */
  close(): void {
    this.transport.close();
  }
}

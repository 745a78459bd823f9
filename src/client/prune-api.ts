import type { ContainersPruned, ImagesPruned } from "#spec/docker/prune.ts";
import type { NetworksPruned } from "#spec/docker/network-requests.ts";
import type { VolumesPruned } from "#spec/docker/volume.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";

interface BuildCachePruned {
  readonly CachesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

/** `POST /…/prune`: removes what nobody uses. */
export class PruneApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  containers(filters?: FilterValues): Promise<ContainersPruned> {
    return this.#transport.json("POST", "/containers/prune", { query: { filters: filtersParameter(filters) } });
  }

  images(filters?: FilterValues): Promise<ImagesPruned> {
    return this.#transport.json("POST", "/images/prune", { query: { filters: filtersParameter(filters) } });
  }

  networks(filters?: FilterValues): Promise<NetworksPruned> {
    return this.#transport.json("POST", "/networks/prune", { query: { filters: filtersParameter(filters) } });
  }

  volumes(filters?: FilterValues): Promise<VolumesPruned> {
    return this.#transport.json("POST", "/volumes/prune", { query: { filters: filtersParameter(filters) } });
  }

  buildCache(options: { readonly all: boolean; readonly filters?: FilterValues }): Promise<BuildCachePruned> {
    const query = { all: options.all, filters: filtersParameter(options.filters) };
    return this.#transport.json("POST", "/build/prune", { query });
  }
}

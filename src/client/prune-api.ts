import type { ContainersPruned, ImagesPruned } from "#spec/docker/prune.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";

/** What a prune of the other kinds of objects tells. */
interface OthersPruned {
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
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

  networks(filters?: FilterValues): Promise<OthersPruned> {
    return this.#transport.json("POST", "/networks/prune", { query: { filters: filtersParameter(filters) } });
  }

  volumes(filters?: FilterValues): Promise<OthersPruned> {
    return this.#transport.json("POST", "/volumes/prune", { query: { filters: filtersParameter(filters) } });
  }

  buildCache(options: { readonly all: boolean; readonly filters?: FilterValues }): Promise<OthersPruned> {
    const query = { all: options.all, filters: filtersParameter(options.filters) };
    return this.#transport.json("POST", "/build/prune", { query });
  }
}

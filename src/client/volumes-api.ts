import type { Volume } from "#spec/docker/volume.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { objectSegment } from "./object-name.ts";

/** What a swarm knows of a volume (Engine API definition `ClusterVolume`). */
export interface ClusterVolume {
  readonly ID: string;
  readonly Version?: { readonly Index?: number };
  readonly Spec: Readonly<Record<string, unknown>> & { readonly Group?: string; readonly Availability?: string };
  readonly Info?: { readonly VolumeID?: string } | null;
  readonly PublishStatus?: readonly unknown[] | null;
}

/** A volume as any engine shows it: ours has no volumes of a swarm. */
export interface ShownVolume extends Volume {
  readonly ClusterVolume?: ClusterVolume | null;
  readonly Status?: Readonly<Record<string, unknown>>;
  readonly UsageData?: { readonly RefCount: number; readonly Size: number } | null;
}

/** Body of `POST /volumes/create`; what is left out is the engine's choice. */
export interface VolumeCreateBody {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly ClusterVolumeSpec?: Readonly<Record<string, unknown>>;
}

/** `/volumes`. */
export class VolumesApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  async list(filters?: FilterValues): Promise<readonly ShownVolume[]> {
    const { Volumes } = await this.#transport.json<{ readonly Volumes: readonly ShownVolume[] | null }>(
      "GET",
      "/volumes",
      { query: { filters: filtersParameter(filters) } },
    );
    return Volumes ?? [];
  }

  async inspect(name: string): Promise<ShownVolume> {
    return this.#transport.json("GET", `/volumes/${objectSegment("volume", name)}`);
  }

  create(body: VolumeCreateBody): Promise<ShownVolume> {
    return this.#transport.json("POST", "/volumes/create", { json: body });
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#transport.send("DELETE", `/volumes/${objectSegment("volume", name)}`, {
      query: { force: options.force },
    });
  }

  /** Gives a swarm's volume a new spec; `version` is the one that was read, so that nobody's change is lost. */
  async update(id: string, version: number, spec: ClusterVolume["Spec"]): Promise<void> {
    return this.#transport.send("PUT", `/volumes/${objectSegment("volume", id)}`, {
      query: { version },
      json: { Spec: spec },
    });
  }
}

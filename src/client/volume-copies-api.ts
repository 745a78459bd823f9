import type { VolumeSnapshot, VolumeSnapshotMade } from "#spec/berth/volumes.ts";
import type { ApiTransport, CallOptions } from "./api-transport.ts";
import { objectSegment } from "./object-name.ts";

/** `/berth/volumes`: what Berth does with volumes beyond the Engine API. A volume may be named `VOLUME@SNAPSHOT`. */
export class VolumeCopiesApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  async clone(name: string, to: string, options: { readonly live: boolean }): Promise<void> {
    await this.#post(name, "clone", { query: { to, live: options.live } });
  }

  async snapshots(name: string): Promise<readonly VolumeSnapshot[]> {
    return this.#transport.json("GET", path(name, "snapshots"));
  }

  /** `snapshot` "": the engine names it after the time. */
  async snapshot(
    name: string,
    options: { readonly snapshot: string; readonly live: boolean },
  ): Promise<VolumeSnapshotMade> {
    const { snapshot, live } = options;
    return this.#transport.json("POST", path(name, "snapshots"), { query: { name: snapshot, live } });
  }

  async restore(name: string): Promise<void> {
    await this.#post(name, "restore");
  }

  async rename(name: string, to: string): Promise<void> {
    await this.#post(name, "rename", { query: { to } });
  }

  /** A tar archive. */
  async export(name: string): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#transport.call("GET", path(name, "export"))).body();
  }

  async import(
    name: string,
    body: AsyncIterable<Uint8Array>,
    settings: {
      readonly options?: Readonly<Record<string, string>>;
      readonly labels?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<void> {
    const { options = {}, labels = {} } = settings;
    const query = {
      ...(Object.keys(options).length === 0 ? {} : { options: JSON.stringify(options) }),
      ...(Object.keys(labels).length === 0 ? {} : { labels: JSON.stringify(labels) }),
    };
    await this.#post(name, "import", { query, body, contentType: "application/x-tar" });
  }

  async lock(name: string, locked: boolean): Promise<void> {
    await this.#post(name, locked ? "lock" : "unlock");
  }

  #post(name: string, verb: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.send("POST", path(name, verb), options);
  }
}

const path = (name: string, verb: string): string => `/berth/volumes/${objectSegment("volume", name)}/${verb}`;

import { BerthError } from "#base/errors.ts";
import type { PluginClient } from "./plugin-client.ts";

/** For what may have to wait for storage far away, and for what a plugin should know at once; Docker's own limits. */
export interface PluginTimeouts {
  readonly longMs: number;
  readonly shortMs: number;
}

export const dockerTimeouts: PluginTimeouts = { longMs: 120_000, shortMs: 60_000 };

export interface PluginVolume {
  readonly name: string;
  /** "" while it is not mounted and the plugin does not say. */
  readonly path: string;
  /** 0 when the plugin does not say. */
  readonly createdAtNs: bigint;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** One plugin's VolumeDriver (docs.docker.com/engine/extend/plugins_volume). Errors are {@link PluginClient.call}'s. */
export class VolumePlugin {
  readonly #client: PluginClient;
  readonly #timeouts: PluginTimeouts;
  #scope: "local" | "global" | undefined;

  constructor(client: PluginClient, timeouts: PluginTimeouts) {
    this.#client = client;
    this.#timeouts = timeouts;
  }

  /** A plugin that does not tell is local, as one that says something else. */
  async scope(): Promise<"local" | "global"> {
    if (this.#scope === undefined) {
      const told = await this.#short("Capabilities", {}).catch(() => ({ Capabilities: undefined }));
      const { Scope } = (told.Capabilities ?? {}) as { readonly Scope?: unknown };
      this.#scope = typeof Scope === "string" && Scope.toLowerCase() === "global" ? "global" : "local";
    }
    return this.#scope;
  }

  async create(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    await this.#long("Create", { Name: name, Opts: Object.keys(options).length === 0 ? null : options });
  }

  async remove(name: string): Promise<void> {
    await this.#short("Remove", { Name: name });
  }

  /** `id` names who mounts: the plugin counts them. Gives where the files are on this host. */
  async mount(name: string, id: string): Promise<string> {
    const { Mountpoint } = await this.#long("Mount", { Name: name, ID: id });
    if (typeof Mountpoint === "string" && Mountpoint.startsWith("/")) return Mountpoint;
    throw new BerthError("internal", `VolumeDriver.Mount: the plugin gave no absolute path for volume ${name}`);
  }

  async unmount(name: string, id: string): Promise<void> {
    await this.#long("Unmount", { Name: name, ID: id });
  }

  /** Undefined when the plugin does not know it: the protocol has no other way to say so than an error. */
  async get(name: string): Promise<PluginVolume | undefined> {
    try {
      const { Volume } = await this.#short("Get", { Name: name });
      return volumeOf(Volume);
    } catch (error) {
      if (error instanceof BerthError && error.kind === "internal") return undefined;
      throw error;
    }
  }

  async list(): Promise<readonly PluginVolume[]> {
    const { Volumes } = await this.#short("List", {});
    return (Array.isArray(Volumes) ? Volumes : []).flatMap((value) => volumeOf(value) ?? []);
  }

  close(): void {
    this.#client.close();
  }

  #long(verb: string, request: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#client.call(`VolumeDriver.${verb}`, request, this.#timeouts.longMs);
  }

  #short(verb: string, request: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#client.call(`VolumeDriver.${verb}`, request, this.#timeouts.shortMs);
  }
}

function volumeOf(value: unknown): PluginVolume | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { Name, Mountpoint, CreatedAt, Status } = value as Readonly<Record<string, unknown>>;
  if (typeof Name !== "string") return undefined;
  const createdMs = typeof CreatedAt === "string" ? Date.parse(CreatedAt) : Number.NaN;
  return {
    name: Name,
    path: typeof Mountpoint === "string" ? Mountpoint : "",
    createdAtNs: createdMs > 0 ? BigInt(createdMs) * 1_000_000n : 0n,
    ...(typeof Status === "object" && Status !== null ? { status: Status as Readonly<Record<string, unknown>> } : {}),
  };
}

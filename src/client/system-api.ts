import type { ContainerSchedule } from "#spec/berth/schedule.ts";
import type { AuthConfig, AuthResponse } from "#spec/docker/auth.ts";
import type { DiskUsage } from "#spec/docker/disk-usage.ts";
import type { EventMessage, InfoResponse, VersionResponse } from "#spec/docker/system.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { jsonValues } from "./json-stream.ts";
import { objectSegment } from "./object-name.ts";

export interface EventsOptions {
  /** Unix seconds with optional fraction. */
  readonly since?: string;
  readonly until?: string;
  readonly filters?: FilterValues;
  readonly signal?: AbortSignal;
}

export class SystemApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  info(): Promise<InfoResponse> {
    return this.#transport.json("GET", "/info");
  }

  serverVersion(): Promise<VersionResponse> {
    return this.#transport.json("GET", "/version");
  }

  /** Containers that are started by schedule, with their last starts. Berth's own. */
  schedules(): Promise<readonly ContainerSchedule[]> {
    return this.#transport.json("GET", "/berth/schedules");
  }

  /** Start one of them now; the start is kept among the others. Berth's own. */
  startScheduled(id: string): Promise<void> {
    return this.#transport.send("POST", `/berth/schedules/${objectSegment("container", id)}/start`);
  }

  /** Slow where much was written: files are counted one by one. */
  diskUsage(): Promise<DiskUsage> {
    return this.#transport.json("GET", "/system/df");
  }

  /** Live until `until` (or forever); abort `signal` to leave. */
  async events(options: EventsOptions = {}): Promise<AsyncIterable<EventMessage>> {
    const { since, until, filters, signal } = options;
    const response = await this.#transport.call("GET", "/events", {
      query: { filters: filtersParameter(filters), since: since || undefined, until: until || undefined },
      ...(signal === undefined ? {} : { signal }),
    });
    return jsonValues<EventMessage>(response.body(), (key, value, { source }) =>
      key === "timeNano" && source !== undefined ? BigInt(source) : value,
    );
  }

  /** Checks credentials with their registry. `unauthorized` when it refuses them. */
  login(auth: Partial<AuthConfig>): Promise<AuthResponse> {
    return this.#transport.json("POST", "/auth", { json: auth });
  }
}

import { randomHex } from "#base/ids.ts";
import type { RegistryEvent } from "./event.ts";

/** Who tells of events: how the registry is called (`https://HOST`), and which run of it. */
export interface EventSource {
  readonly host: string;
  readonly instance: string;
}

/**
 * An event as the distribution project's notifications have it (its `docs/content/about/notifications.md`). Its `id` stays
 * the same when it is sent again.
 */
export function enveloped(event: RegistryEvent, { host, instance }: EventSource): Readonly<Record<string, unknown>> {
  const { repository, digest, mediaType, sizeBytes, tag, fromRepository, actor } = event;
  const kind = event.isManifest ? "manifests" : "blobs";
  const { request } = actor;
  return {
    id: randomHex(16),
    timestamp: new Date(event.atMs).toISOString(),
    action: event.action,
    target: {
      mediaType,
      digest,
      size: sizeBytes,
      length: sizeBytes,
      repository,
      url: `${host}/v2/${repository}/${kind}/${digest}`,
      ...(tag === undefined ? {} : { tag }),
      ...(fromRepository === undefined ? {} : { fromRepository }),
    },
    request:
      request === undefined
        ? {}
        : {
            id: request.id,
            addr: request.address,
            host: request.host,
            method: request.method,
            useragent: request.userAgent,
          },
    actor: actor.name === "" ? {} : { name: actor.name },
    source: { addr: host, instanceID: instance },
  };
}

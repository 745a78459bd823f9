import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeAuthHeader } from "#spec/docker/auth.ts";
import type { ImageCleanRequest } from "#spec/berth/images.ts";
import type { RegistryArtifactPush, RegistryBlob } from "#spec/berth/registry-artifacts.ts";
import type { RegistryManifestPush } from "#spec/berth/registry-manifests.ts";
import type { Call, Route } from "../call.ts";
import { progressLines } from "../progress-lines.ts";
import { empty, json, stream } from "../reply.ts";

/** What Berth does with images beyond the Engine API. */
export function berthImageRoutes(engine: Engine): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: "/berth/images/copy",
      handle: async (call) => {
        const { From, To } = ((await call.json()) ?? {}) as Readonly<Record<string, unknown>>;
        if (typeof From !== "string" || typeof To !== "string" || From === "" || To === "")
          throw new BerthError("invalid-parameter", "From and To must name an image each");
        return stream("application/json", false, copy(engine, call, From, To));
      },
    },
    ...[true, false].map((locked): Route => {
      return {
        method: "POST",
        pattern: `/berth/images/{name...}/${locked ? "lock" : "unlock"}`,
        handle: async ({ params }) => {
          await engine.images.lock(params["name"] ?? "", locked);
          return empty(204);
        },
      };
    }),
    {
      method: "GET",
      pattern: "/berth/images/{name...}/why",
      handle: ({ params }) => json(engine.images.why(params["name"] ?? "")),
    },
    {
      method: "POST",
      pattern: "/berth/images/clean",
      handle: async (call) => {
        const { DryRun, ...policy } = cleanRequest(await call.json());
        return json(
          await engine.images.clean(
            {
              highBytes: policy.High ?? undefined,
              lowBytes: policy.Low,
              unusedMs: policy.UnusedForMs,
              keep: policy.Keep,
            },
            { dryRun: DryRun },
          ),
        );
      },
    },
    {
      method: "GET",
      pattern: "/berth/registry/manifest",
      handle: async (call) => {
        const { query, signal } = call;
        const auth = decodeAuthHeader(call.header("x-registry-auth"));
        const insecure = query.flag("insecure");
        return json(await engine.images.readManifest(query.text("name"), { insecure, auth, signal }));
      },
    },
    {
      method: "POST",
      pattern: "/berth/registry/manifest",
      handle: async (call) => {
        const auth = decodeAuthHeader(call.header("x-registry-auth"));
        return json(await engine.images.pushManifestList(manifestPush(await call.json()), auth, call.signal));
      },
    },
    {
      method: "GET",
      pattern: "/berth/registry/artifact",
      handle: async (call) => {
        const { query, signal } = call;
        const auth = decodeAuthHeader(call.header("x-registry-auth"));
        const insecure = query.flag("insecure");
        return json(await engine.images.readArtifact(query.text("name"), { insecure, auth, signal }));
      },
    },
    {
      method: "POST",
      pattern: "/berth/registry/artifact",
      handle: async (call) => {
        const auth = decodeAuthHeader(call.header("x-registry-auth"));
        return json(await engine.images.pushArtifact(artifactPush(await call.json()), auth, call.signal));
      },
    },
    {
      method: "GET",
      pattern: "/berth/images/{name...}/archive",
      handle: async ({ params, query }) =>
        stream("application/x-tar", true, await engine.images.files(params["name"] ?? "", query.text("path"))),
    },
    {
      method: "POST",
      pattern: "/berth/system/check",
      handle: async ({ query }) => json(await engine.system.check({ repair: query.flag("repair") })),
    },
  ];
}

function cleanRequest(body: unknown): ImageCleanRequest {
  const {
    High = null,
    Low = 0,
    UnusedForMs = 0,
    Keep = [],
    DryRun,
  } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const isKeep = Array.isArray(Keep) && Keep.every((pattern): pattern is string => typeof pattern === "string");
  if (!(High === null || isSize(High)) || !isSize(Low) || !isSize(UnusedForMs) || !isKeep)
    throw new BerthError("invalid-parameter", "High, Low and UnusedForMs must be sizes, Keep a list of strings");
  return { High, Low, UnusedForMs, Keep, DryRun: DryRun === true };
}

function manifestPush(body: unknown): RegistryManifestPush {
  const { Name, MediaType, Raw, Sources, Insecure } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string => typeof value === "string";
  if (!isText(Name) || !isText(MediaType) || !isText(Raw) || !Array.isArray(Sources) || !Sources.every(isText))
    throw new BerthError("invalid-parameter", "Name, MediaType and Raw must be strings, Sources a list of them");
  return { Name, MediaType, Raw, Sources, Insecure: Insecure === true };
}

function artifactPush(body: unknown): RegistryArtifactPush {
  const { Name, MediaType, Raw, Blobs, Insecure } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string => typeof value === "string";
  const isBlob = (value: unknown): value is RegistryBlob => {
    const blob = (value ?? {}) as Partial<Record<keyof RegistryBlob, unknown>>;
    return isText(blob.Digest) && isText(blob.Raw);
  };
  if (!isText(Name) || !isText(MediaType) || !isText(Raw) || !Array.isArray(Blobs) || !Blobs.every(isBlob))
    throw new BerthError(
      "invalid-parameter",
      "Name, MediaType and Raw must be strings, Blobs a list of Digest and Raw",
    );
  return { Name, MediaType, Raw, Blobs, Insecure: Insecure === true };
}

/** The credentials of the two registries come in a header each. */
function copy(engine: Engine, call: Call, from: string, to: string): AsyncIterable<string> {
  const fromAuth = decodeAuthHeader(call.header("x-registry-auth-from"));
  const toAuth = decodeAuthHeader(call.header("x-registry-auth"));
  return progressLines(async (onProgress) => {
    const digest = await engine.images.copy({ from, to, fromAuth, toAuth, onProgress, signal: call.signal });
    onProgress({ status: `Digest: ${digest}` });
  });
}

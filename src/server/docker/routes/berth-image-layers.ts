import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import type { ImageLayer, MissingLayersRequest } from "#spec/berth/image-layers.ts";
import type { Route } from "../call.ts";
import { json, stream } from "../reply.ts";
import { load, platforms } from "./image-transfers.ts";

const MAX_LAYERS = 10_000;

/** Images that go from engine to engine, without the layers that the other one has. */
export function berthImageLayerRoutes(engine: Engine): readonly Route[] {
  const { images } = engine;
  return [
    {
      method: "GET",
      pattern: "/berth/images/layers",
      handle: (call) => {
        const layers = images.layersToSave({ names: call.query.all("names"), platforms: platforms(call) });
        const answer: readonly ImageLayer[] = layers.map(({ digest, diffId, sizeBytes }) => ({
          Digest: digest,
          DiffId: diffId,
          Size: sizeBytes,
        }));
        return json(answer);
      },
    },
    {
      method: "POST",
      pattern: "/berth/images/missing-layers",
      handle: async (call) => {
        const layers = missingRequest(await call.json()).Layers;
        return json({
          Missing: images.missingLayers(layers.map(({ Digest: digest, DiffId: diffId }) => ({ digest, diffId }))),
        });
      },
    },
    {
      method: "POST",
      pattern: "/berth/images/get",
      handle: async (call) => {
        const { Without } = ((await call.json()) ?? {}) as Readonly<Record<string, unknown>>;
        const without = new Set(Array.isArray(Without) ? Without.map(String) : []);
        return stream("application/x-tar", true, await images.save(call.query.all("names"), platforms(call), without));
      },
    },
    {
      method: "POST",
      pattern: "/berth/images/load",
      handle: (call) => load(engine, call, { lacksLayers: true }),
    },
  ];
}

function missingRequest(body: unknown): MissingLayersRequest {
  const { Layers } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const isLayer = (value: unknown): boolean => {
    const { Digest, DiffId } = (value ?? {}) as Readonly<Record<string, unknown>>;
    return typeof Digest === "string" && typeof DiffId === "string";
  };
  if (!Array.isArray(Layers) || Layers.length > MAX_LAYERS || !Layers.every(isLayer))
    throw new BerthError("invalid-parameter", "Layers must be a list of Digest and DiffId");
  return { Layers };
}

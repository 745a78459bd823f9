import { any, integer, map, omitEmpty, pointer, structure, text, type GoShape } from "./go-shape.ts";

/** The Go type behind `volume inspect` (docker 28.2). */
export const volumeShape: GoShape = structure("volume.Volume", {
  ClusterVolume: omitEmpty(pointer(any)),
  CreatedAt: omitEmpty(text),
  Driver: text,
  Labels: map(text),
  Mountpoint: text,
  Name: text,
  Options: map(text),
  Scope: text,
  Status: omitEmpty(map(any)),
  UsageData: omitEmpty(pointer(structure("volume.UsageData", { RefCount: integer, Size: integer }))),
});

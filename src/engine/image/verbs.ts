import type { CopyRequest, LayerFacts, SaveRequest } from "#image/types.ts";
import type { EngineCore } from "../engine-deps.ts";
import { PullReporter } from "../forensics/pull-reporter.ts";
import { listAttestations } from "./attestations.ts";
import { cleanImages } from "./clean.ts";
import { describeImage } from "./describe.ts";
import { imageFiles } from "./files.ts";
import { imageHistory } from "./history.ts";
import { importImage } from "./import.ts";
import { inspectImage } from "./inspect.ts";
import { listImages } from "./list.ts";
import { loadImages } from "./load.ts";
import { lockImage } from "./lock.ts";
import { pruneImages } from "./prune.ts";
import { pullImage } from "./pull.ts";
import { pushImage } from "./push.ts";
import { pushArtifact, readArtifact } from "./registry-artifacts.ts";
import { pushManifestList, readManifest } from "./registry-manifests.ts";
import { removeImage } from "./remove.ts";
import { saveImages } from "./save.ts";
import { searchImages } from "./search.ts";
import { tagImage } from "./tag.ts";

/** `/images`. */
export function imageVerbs(core: EngineCore) {
  const reports = new PullReporter(core);
  const remove = removeImage(core);
  return {
    pull: pullImage({ ...core, reports }),
    why: (name: string) => reports.report(name),
    push: pushImage(core),
    save: saveImages(core),
    layersToSave: (request: SaveRequest) => core.images.layersToSave(request),
    missingLayers: (layers: readonly Pick<LayerFacts, "digest" | "diffId">[]) => core.images.missingLayers(layers),
    load: loadImages(core),
    import: importImage(core),
    search: searchImages(core),
    copy: (request: CopyRequest) => core.images.copy(request),
    readManifest: readManifest(core),
    pushManifestList: pushManifestList(core),
    readArtifact: readArtifact(core),
    pushArtifact: pushArtifact(core),
    files: imageFiles(core),
    describe: describeImage(core),
    list: listImages(core),
    inspect: inspectImage(core),
    history: imageHistory(core),
    attestations: listAttestations(core),
    tag: tagImage(core),
    remove,
    prune: pruneImages({ ...core, remove }),
    lock: lockImage(core),
    clean: cleanImages({ ...core, remove }),
  };
}

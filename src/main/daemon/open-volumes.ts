import { HelperVolumeFiles } from "#engine/files/helper-volume-files.ts";
import type { VolumeCopies, VolumeFiles } from "#engine/ports.ts";
import type { Layout } from "#state/layout.ts";
import { LocalCopies } from "#volume/local-copies.ts";
import { LocalVolumes } from "#volume/local-volumes.ts";
import { dockerPluginDirectories } from "#volume/plugins/discover.ts";
import { PluginRows } from "#volume/plugins/plugin-rows.ts";
import { PluginVolumes } from "#volume/plugins/plugin-volumes.ts";
import { dockerTimeouts } from "#volume/plugins/volume-plugin.ts";
import { VolumePlugins } from "#volume/plugins/volume-plugins.ts";
import { HelperShareMounts } from "#volume/share-mounts.ts";
import { NamedVolumes } from "#volume/volumes.ts";
import type { OpenHelpers } from "./open-helpers.ts";

export interface OpenVolumes {
  readonly volumes: NamedVolumes;
  readonly volumeFiles: VolumeFiles;
  readonly copies: VolumeCopies;
}

/** Volumes of the engine's own and of plugins. */
export function openVolumes(deps: {
  readonly layout: Layout;
  readonly helpers: OpenHelpers;
  readonly projectQuota: boolean;
  readonly discard: (path: string) => Promise<void>;
  readonly nowNs: () => bigint;
}): OpenVolumes {
  const { layout: paths, helpers, projectQuota, discard, nowNs } = deps;
  const shares = new HelperShareMounts({ helpers: helpers.shares });
  const local = new LocalVolumes({ paths, discard, projectQuota, shares, nowNs });
  const volumeFiles = new HelperVolumeFiles({ helpers: helpers.files });
  const plugins = new PluginVolumes({
    plugins: new VolumePlugins({ directories: dockerPluginDirectories, timeouts: dockerTimeouts }),
    rows: new PluginRows(paths),
  });
  return {
    volumes: new NamedVolumes({ local, plugins, shares, paths }),
    volumeFiles,
    copies: new LocalCopies({ paths, local, discard, copy: (from, to) => volumeFiles.copy(from, to) }),
  };
}

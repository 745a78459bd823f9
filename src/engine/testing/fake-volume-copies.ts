import type { EngineDeps } from "../engine-deps.ts";

/** No copies: what they do is the file system's, and tested there. */
export const fakeVolumeCopies: Pick<EngineDeps, "copies" | "volumeFiles"> = {
  copies: {
    pathOf: ({ volume }) => `/data/volumes/${volume}/_data`,
    clone: async () => {},
    make: async () => {},
    snapshots: () => [],
    snapshotBytes: async () => 0,
    snapshot: async () => {},
    removeSnapshot: async () => {},
    restore: async () => {},
    rename: (_rename, refer) => refer(),
    unfinishedRename: () => undefined,
    finishRename: (_rename, refer) => refer(),
  },
  volumeFiles: {
    copy: async () => {},
    export: async () => nothing(),
    import: async () => {},
  },
};

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

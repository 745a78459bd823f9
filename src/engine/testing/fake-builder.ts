import type { EngineDeps } from "../engine.ts";

/** A builder that takes what it is sent and makes the image `sha256:…` of nothing. */
export const fakeBuilder: EngineDeps["builder"] = {
  place: () => ({
    directory: "/tmp/build",
    async receive(name, body) {
      for await (const chunk of body) void chunk;
      return `/tmp/build/${name}`;
    },
    download: async () => "text/plain",
    clone: async () => "/tmp/build/clone",
    leave: async () => {},
  }),
  build: async () => [{ imageId: `sha256:${"b".repeat(64)}`, names: [], metadata: {} }],
};

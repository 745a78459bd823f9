import type { EngineDeps } from "../engine-deps.ts";

/** A builder that takes what it is sent and makes the image `sha256:…` of nothing. */
export const fakeBuilder: EngineDeps["builder"] = {
  place: () => ({
    directory: () => "/tmp/build",
    async receive(name, body) {
      for await (const chunk of body) void chunk;
      return `/tmp/build/${name}`;
    },
    remote: async () => ({ kind: "text", text: "FROM scratch" }),
    leave: async () => {},
  }),
  build: async () => [{ imageId: `sha256:${"b".repeat(64)}`, names: [], metadata: {} }],
};

/** A history in memory. */
export function fakeBuildHistory(): EngineDeps["buildHistory"] {
  const entries = new Map<string, ReturnType<EngineDeps["buildHistory"]["all"]>[number]>();
  const logs = new Map<string, string>();
  return {
    put: (entry) => void entries.set(entry.id, entry),
    all: () => [...entries.values()].toReversed(),
    writeLog: (id, text) => void logs.set(id, text),
    log: (id) => logs.get(id) ?? "",
    delete(id) {
      logs.delete(id);
      return entries.delete(id);
    },
    reconcile() {},
  };
}

/** Takes trees that lack nothing and hold nothing. */
export const fakeTrees: EngineDeps["trees"] = {
  offer: () => ({ id: "tree", lacks: [] }),
  async *archive() {},
  sweep() {},
};

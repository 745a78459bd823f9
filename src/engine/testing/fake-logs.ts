import type { LogKeeper, LogReader } from "#logs/types.ts";

export const noLogs: LogReader = {
  read: async function* read() {},
  snapshot: () => ({ chunks: (async function* none(): AsyncGenerator<Uint8Array> {})(), close() {} }),
};

export const carelessLogKeeper: LogKeeper = {
  begin: async ({ path }) => ({ path, maxSizeBytes: 0, maxFiles: 1 }),
  keep() {},
  resume() {},
  async forget() {},
  async close() {},
};

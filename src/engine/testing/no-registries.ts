import { BerthError } from "#base/errors.ts";
import type { Registries } from "../registry-ports.ts";

/** Registries that have nothing. */
export const noRegistries: Registries = {
  search: async () => [],
  describe: async () => {
    throw new BerthError("not-found", "manifest unknown: manifest unknown");
  },
  pushList: async () => {
    throw new BerthError("forbidden", "denied: requested access to the resource is denied");
  },
  readArtifact: async () => {
    throw new BerthError("not-found", "manifest unknown: manifest unknown");
  },
  pushArtifact: async () => {
    throw new BerthError("forbidden", "denied: requested access to the resource is denied");
  },
  insecure: () => noRegistries,
};

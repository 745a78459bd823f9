/**
 * The names under which the engine's own runtime is known. docker-compat: dockerd's are among them, because clients copy
 * them from one container's settings to the next and scripts spell them out.
 */
export const ownRuntimes: readonly string[] = ["berth", "runc", "io.containerd.runc.v2"];

/** A flag of both `create` and `run`. */
const creating = (flag: string, reason: string): Readonly<Record<string, string>> => ({
  [`container create --${flag}`]: reason,
  [`container run --${flag}`]: reason,
});

const checkpoints = "checkpoints need CRIU, which neither engine has here; Docker holds them for experimental";
const realtime = "20.10 drops them in silence; ours tells what the kernel says, which differs from kernel to kernel";
const ownNetworks = "not Docker's: seen by tests/engine/own-networks";
const ownHealth = "not Docker's: seen by tests/engine/own-health";
const ownDebug = "not Docker's: seen by tests/engine/own-debug";
const ownImages = "not Docker's: seen by tests/engine/own-images";

/** Commands and flags that no comparison case uses, each with its reason. coverage.test.ts keeps the list true. */
export const uncoveredFlags: Readonly<Record<string, string>> = {
  ...creating("depends-on", ownHealth),
  ...creating("depends-on-timeout", ownHealth),
  ...creating("health-http", ownHealth),
  ...creating("health-tcp", ownHealth),
  ...creating("net-rate", ownNetworks),
  ...creating("on-unhealthy", ownHealth),
  "container debug": ownDebug,
  "container debug --tools": ownDebug,
  "container ls --sort": "not Docker's: seen by src/cli/format/sort-by.test.ts",
  "container start --checkpoint": checkpoints,
  "container start --checkpoint-dir": checkpoints,
  "container update --cpu-rt-period": realtime,
  "container update --cpu-rt-runtime": realtime,
  "container update --net-rate": ownNetworks,
  "container why": "not Docker's: seen by tests/engine/own-health",
  "container why --format": "not Docker's: seen by tests/engine/own-health",
  "system check": ownImages,
  "system check --format": ownImages,
  "system check --repair": ownImages,
  "system dial-stdio":
    "hidden, a bare connection: seen by tests/engine/daemon-service, which reaches an engine over ssh",
};

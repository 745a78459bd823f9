const SWARM =
  "needs a swarm, and Berth runs the containers of one machine; projects of many containers are what 'compose' is for";

/** Docker's commands that this program does not have: each with what is told of it in one sentence. */
const REASONS: Readonly<Record<string, string>> = {
  buildx: "is a plugin of docker's, which is not installed; 'build' does what most use it for",
  checkpoint: "is not supported yet: it needs CRIU",
  config: SWARM,
  node: SWARM,
  plugin: "is not supported: plugins are programs of their own here, found by their sockets; see docs/volumes.md",
  secret: SWARM,
  service: SWARM,
  stack: SWARM,
  swarm: SWARM,
  trust: "is not supported: notaries, which it asks, are being switched off",
};

/** Why docker's command of that name is not here; undefined for what is none of docker's. */
export function absentCommand(name: string): string | undefined {
  return Object.hasOwn(REASONS, name) ? REASONS[name] : undefined;
}

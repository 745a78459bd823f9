/** docker-compat: what an engine outside a swarm says to all that needs one. */
export const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";

/** `volume update`: a swarm's volumes only. */
export const updateVolume: Handler = async ({ flags, args, client }) => {
  const [name = ""] = args;
  const api = await client();
  const { ClusterVolume: cluster } = await api.volumes.inspect(name);
  if (cluster === undefined || cluster === null)
    throw new BerthError("invalid-parameter", "can only update cluster volumes");
  const spec = flags.given("availability")
    ? { ...cluster.Spec, Availability: flags.text("availability") }
    : cluster.Spec;
  await api.volumes.update(cluster.ID, cluster.Version?.Index ?? 0, spec);
  return 0;
};

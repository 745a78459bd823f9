import { BerthError } from "#base/errors.ts";
import { pairs } from "../container/options/resource-options.ts";
import type { Handler } from "../command.ts";
import { map } from "../flags/flag-kind.ts";
import { clusterVolumeSpec } from "./cluster-volume-spec.ts";

/** `volume create`: prints the name, which the engine chooses when none is given. */
export const createVolume: Handler = async ({ flags, args, io, client }) => {
  const [named] = args;
  if (named !== undefined && flags.text("name") !== "")
    throw new BerthError(
      "invalid-parameter",
      "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
    );
  const name = named ?? flags.text("name");
  const driver = flags.text("driver");
  const options = flags.get("opt", map);
  const labels = pairs(flags.list("label"));
  const cluster = clusterVolumeSpec(flags);
  const { Name } = await (
    await client()
  ).volumes.create({
    ...(cluster === undefined ? {} : { ClusterVolumeSpec: cluster }),
    ...(driver === "" ? {} : { Driver: driver }),
    ...(Object.keys(options).length === 0 ? {} : { DriverOpts: options }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(name === "" ? {} : { Name: name }),
  });
  io.stdout.write(`${Name}\n`);
  return 0;
};

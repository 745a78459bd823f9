import { BerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Volume, VolumeCreateRequest } from "#spec/docker/volume.ts";
import type { Events, Volumes } from "../ports.ts";
import { notInSwarm } from "../system/not-in-swarm.ts";
import { findVolume, printVolume } from "./volume.ts";

/**
 * `POST /volumes/create`: make one, or give the one of that name as it is. `invalid-parameter` for a name or option that
 * Docker does not allow, `not-found` for a driver that is not there, `conflict` for a name that another driver has.
 */
export function createVolume(deps: { readonly volumes: Volumes; readonly events: Events }) {
  return async (request: VolumeCreateRequest): Promise<Volume> => {
    const anonymous = request.Name === "";
    const name = anonymous ? randomId() : request.Name;
    if (request.ClusterVolumeSpec !== null) {
      throw new BerthError("unavailable", notInSwarm);
    }
    const labels = { ...request.Labels, ...(anonymous ? { "com.docker.volume.anonymous": "" } : {}) };
    const options = request.DriverOpts ?? {};
    const { created, driver } = await deps.volumes.ensure(name, request.Driver, { labels, options });
    if (created) deps.events.publish({ type: "volume", action: "create", id: name, attributes: { driver } });
    return printVolume(await findVolume(deps.volumes, name));
  };
}

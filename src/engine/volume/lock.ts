import { BerthError } from "#base/errors.ts";
import type { Events, Volumes } from "../ports.ts";
import { findVolume } from "./volume.ts";

/**
 * `POST /berth/volumes/{name}/lock` and `/unlock`: a locked volume is removed by nobody, not by force, prune, `rm -v` or
 * `--rm`, and not restored. Locking twice is no error. `invalid-parameter` for a plugin's volume.
 */
export function lockVolume(deps: { readonly volumes: Volumes; readonly events: Events }) {
  return async (name: string, locked: boolean): Promise<void> => {
    const info = await findVolume(deps.volumes, name);
    if (info.driver !== "local") {
      throw new BerthError("invalid-parameter", `volume ${name} belongs to the plugin ${JSON.stringify(info.driver)}`);
    }
    deps.volumes.setLocked(name, locked);
    const action = locked ? "lock" : "unlock";
    deps.events.publish({ type: "volume", action, id: name, attributes: { driver: "local" } });
  };
}

import type { Events } from "../../ports.ts";
import type { Container } from "../container.ts";

/** Tell that a container took its volumes, or let go of them: one event for each place it has them at. */
export function publishVolumeEvents(events: Events, action: "mount" | "unmount", { id, spec }: Container): void {
  for (const mount of spec.mounts) {
    if (mount.type !== "volume") continue;
    const { name, driver = "local", target, readOnly } = mount;
    const place = { destination: target, "read/write": String(!readOnly), propagation: "" };
    const attributes = { driver, container: id, ...(action === "mount" ? place : {}) };
    events.publish({ type: "volume", action, id: name, attributes });
  }
}

import type { EngineConfig } from "../config.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { Events } from "../ports.ts";

/** Tell everyone who listens that the engine's settings were read anew; `attributes` are the settings that can change. */
export function tellReloaded(deps: {
  readonly config: EngineConfig;
  readonly machine: MachineFacts;
  readonly events: Events;
}) {
  return (attributes: Readonly<Record<string, string>>): void => {
    deps.events.publish({
      type: "daemon",
      action: "reload",
      id: deps.config.engineId,
      attributes: { ...attributes, name: deps.machine.hostname },
    });
  };
}

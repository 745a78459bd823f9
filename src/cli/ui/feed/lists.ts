import type { EngineClient } from "#client/engine-client.ts";
import type { Lists, Tab } from "../model.ts";

/** What there is of one kind. */
export async function loadList(api: EngineClient, tab: Tab): Promise<Partial<Lists>> {
  switch (tab) {
    case "containers":
      return { containers: await api.containers.list({ all: true }) };
    case "images":
      return { images: await api.images.list() };
    case "volumes":
      return { volumes: await api.volumes.list() };
    case "networks":
      return { networks: await api.networks.list() };
  }
}

const TABS_OF_EVENTS: Readonly<Record<string, Tab>> = {
  container: "containers",
  image: "images",
  volume: "volumes",
  network: "networks",
};

/** The list that an event is about; undefined for those that change none, as the many of execs. */
export function changedList(event: { readonly Type: string; readonly Action: string }): Tab | undefined {
  if (event.Type === "container" && /^(?:exec_|top|attach|detach|resize|export|archive-path)/.test(event.Action))
    return undefined;
  return TABS_OF_EVENTS[event.Type];
}

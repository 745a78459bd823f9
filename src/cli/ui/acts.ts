import type { EngineClient } from "#client/engine-client.ts";
import type { ContainerAct, Target } from "./model.ts";

/** How an act is told while it is done and after it. */
export const ACT_WORDS: Readonly<Record<ContainerAct, readonly [doing: string, done: string]>> = {
  start: ["starting", "started"],
  stop: ["stopping", "stopped"],
  restart: ["restarting", "restarted"],
  pause: ["pausing", "paused"],
  unpause: ["unpausing", "goes on:"],
  remove: ["removing", "removed"],
};

/** Do it. Throws the engine's refusal. */
export async function act(api: EngineClient, what: ContainerAct, { tab, id }: Target): Promise<void> {
  switch (what) {
    case "start":
      return api.containers.start(id);
    case "stop":
      return api.containers.stop(id);
    case "restart":
      return api.containers.restart(id);
    case "pause":
      return api.containers.pause(id);
    case "unpause":
      return api.containers.unpause(id);
    case "remove":
      return remove(api, tab, id);
  }
}

async function remove(api: EngineClient, tab: Target["tab"], id: string): Promise<void> {
  switch (tab) {
    case "containers":
      return api.containers.remove(id, { force: true });
    case "images":
      await api.images.remove(id);
      return;
    case "volumes":
      return api.volumes.remove(id);
    case "networks":
      return api.networks.remove(id);
  }
}

/** All that the engine tells of it. */
export function inspect(api: EngineClient, { tab, id }: Target): Promise<unknown> {
  switch (tab) {
    case "containers":
      return api.containers.inspect(id);
    case "images":
      return api.images.inspect(id);
    case "volumes":
      return api.volumes.inspect(id);
    case "networks":
      return api.networks.inspect(id);
  }
}

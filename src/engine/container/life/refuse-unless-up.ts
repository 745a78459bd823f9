import { BerthError } from "#base/errors.ts";
import type { Container } from "../container.ts";

/** `conflict` in Docker's words unless the container has a process that can be acted on. */
export function refuseUnlessUp(container: Container): void {
  switch (container.status.state) {
    case "running":
    case "paused":
      return;
    case "restarting":
      throw new BerthError("conflict", `Container ${container.id} is restarting, wait until the container is running`);
    case "created":
    case "starting":
    case "exited":
    case "removing":
    case "dead":
      throw new BerthError("conflict", `container ${container.id} is not running`);
  }
}

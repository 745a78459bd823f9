import type { Container } from "../container.ts";

/** Wait for a start under way, so that what is asked for meanwhile is asked of the container that comes of it. */
export async function startUnderWay(container: Container): Promise<void> {
  if (container.status.state === "starting") await container.lock.run(() => undefined);
}

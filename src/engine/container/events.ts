import type { EventInput, Events } from "../ports.ts";
import type { Container } from "./container.ts";

/** A container event with the attributes Docker gives every one: labels, image, name. */
export function publishContainerEvent(
  events: Events,
  action: string,
  container: Container,
  attributes: Readonly<Record<string, string>> = {},
  options: Pick<EventInput, "transient"> = {},
): void {
  events.publish({
    type: "container",
    action,
    id: container.id,
    attributes: {
      ...container.spec.config.Labels,
      image: container.spec.image.reference,
      name: container.name,
      ...attributes,
    },
    ...options,
  });
}

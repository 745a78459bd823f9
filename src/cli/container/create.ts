import type { Handler } from "../command.ts";
import { createContainer, requestOf } from "./create-container.ts";

/** `create`: prints the new container's id. */
export const create: Handler = async (invocation) => {
  const request = requestOf(invocation);
  const id = await createContainer(invocation, request);
  invocation.io.stdout.write(`${id}\n`);
  return 0;
};

import { resourceFields, restartPolicy } from "./host-config.ts";
import { decode, struct, type Decoded } from "./schema.ts";

const updateConfig = struct("container.UpdateConfig", { ...resourceFields, RestartPolicy: restartPolicy });

/** Body of `POST /containers/{id}/update`; zero and null stand for "as it was". */
export type UpdateRequest = Decoded<typeof updateConfig>;

/** `invalid-parameter` with Docker's words for a property of the wrong type. */
export function decodeUpdateRequest(body: unknown): UpdateRequest {
  return decode(updateConfig, body);
}

export interface UpdateResponse {
  readonly Warnings: readonly string[] | null;
}

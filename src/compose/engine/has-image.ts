import { isBerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";

/** Whether the engine has an image of the name. */
export async function hasImage({ images }: Pick<EngineClient, "images">, name: string): Promise<boolean> {
  try {
    await images.inspect(name);
    return true;
  } catch (error) {
    if (isBerthError(error, "not-found")) return false;
    throw error;
  }
}

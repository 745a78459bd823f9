import { BerthError } from "#base/errors.ts";
import type { HttpAnswer } from "#host/web/registry-http.ts";

/** A whole body. `invalid-parameter` past `maxSize`; the transfer is then ended. */
export async function readBytes(answer: HttpAnswer, maxSize: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maxSize) {
      answer.cancel();
      throw new BerthError("invalid-parameter", `the registry's answer is larger than ${maxSize} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readText(answer: HttpAnswer, maxSize: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(answer, maxSize));
}

const MAX_DRAIN = 64 * 1024;

/** Throw a body away so that the connection can be used again; a long one is cut off instead. */
export async function drain(answer: HttpAnswer): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += chunk.length;
      if (size > MAX_DRAIN) break;
    }
  } catch {
    // Nothing was wanted from it.
  }
  answer.cancel();
}

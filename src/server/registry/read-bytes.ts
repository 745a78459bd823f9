/** A body of at most `limit` bytes; undefined when it is longer, which is found out without reading it all. */
export async function readBytes(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  declared: string | undefined,
): Promise<Uint8Array | undefined> {
  if (declared !== undefined && Number(declared) > limit) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

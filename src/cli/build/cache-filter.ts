import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";

const TEXTS: Readonly<Record<string, (record: BuildCacheRecord) => readonly string[]>> = {
  id: ({ ID }) => [ID],
  parent: ({ Parents }) => Parents ?? [],
  type: ({ Type }) => [Type],
  description: ({ Description }) => [Description],
};
const FLAGS: Readonly<Record<string, (record: BuildCacheRecord) => boolean>> = {
  inuse: ({ InUse }) => InUse,
  shared: ({ Shared }) => Shared,
  private: ({ Shared }) => !Shared,
};

/** Which records `builder du --filter` shows: for every key one of its values has to hold. Throws for other keys. */
export function cacheFilter(
  filters: Readonly<Record<string, readonly string[]>>,
): (record: BuildCacheRecord) => boolean {
  const tests = Object.entries(filters).map(([key, values]) => {
    const texts = TEXTS[key];
    if (texts !== undefined) return (record: BuildCacheRecord) => texts(record).some((text) => values.includes(text));
    const flag = FLAGS[key];
    if (flag === undefined) throw new Error(`invalid filter '${key}'`);
    const wanted = values.map((value) => isTrue(key, value));
    return (record: BuildCacheRecord) => wanted.includes(flag(record));
  });
  return (record) => tests.every((test) => test(record));
}

function isTrue(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new Error(`invalid filter '${key}=${value}'`);
}

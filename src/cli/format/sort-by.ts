import { BerthError } from "#base/errors.ts";
import { naturalOrder } from "./natural-order.ts";

/** What a list may be put in order by: text ascending, numbers from the largest down, so that the newest comes first. */
export type SortKeys<T> = Readonly<Record<string, (item: T) => string | number>>;

/** `items` by `key`, those that are equal as they came; as they are for an empty key. `invalid-parameter` for another. */
export function sortBy<T>(items: readonly T[], key: string, keys: SortKeys<T>): readonly T[] {
  if (key === "") return items;
  const valueOf = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (valueOf === undefined) {
    throw new BerthError("invalid-parameter", `there is no order by ${JSON.stringify(key)}`, {
      hint: `--sort takes ${Object.keys(keys).join(", ")}.`,
    });
  }
  return items.toSorted((a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    return typeof one === "number" && typeof other === "number"
      ? other - one
      : naturalOrder(String(one), String(other));
  });
}

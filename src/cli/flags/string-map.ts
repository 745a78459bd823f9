import { csvFields } from "#base/csv-fields.ts";
import type { FlagKind } from "./flag-kind.ts";

/** `key=value` items, several in one line of CSV; every item has its equals sign. */
export const stringMap: FlagKind<Readonly<Record<string, string>>> = {
  typeName: "stringToString",
  initial: {},
  accept(before, value) {
    const items = csvFields(value).map((field): readonly [string, string] => {
      const equals = field.indexOf("=");
      if (equals === -1) throw new Error(`${field} must be formatted as key=value`);
      return [field.slice(0, equals), field.slice(equals + 1)];
    });
    return { ...before, ...Object.fromEntries(items) };
  },
};

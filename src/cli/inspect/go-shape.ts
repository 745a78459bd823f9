import { ZERO_TIME } from "#base/time.ts";
import { struct } from "#base/template/struct.ts";
import { DurationValue, TimeValue, nil, typedMap, type Value } from "#base/template/value.ts";

/**
 * Turns JSON into values that print as Go's types do: structs in the order of their fields with zeros for what is
 * missing, nil slices and maps empty, maps that forgive missing keys.
 */
export interface GoShape {
  readonly zero: () => Value;
  readonly of: (json: unknown) => Value;
  /** JSON leaves the field out when it is empty. */
  readonly omitEmpty?: boolean;
}

const scalar = (zero: string | number | boolean): GoShape => ({ zero: () => zero, of: (json) => json ?? zero });

export const text = scalar("");
export const integer = scalar(0);
export const flag = scalar(false);
/** Nanoseconds. */
export const duration: GoShape = {
  zero: () => new DurationValue(0),
  of: (json) => new DurationValue(typeof json === "number" ? json : 0),
};
export const time: GoShape = {
  zero: () => new TimeValue(ZERO_TIME),
  of: (json) => new TimeValue(typeof json === "string" ? json : ZERO_TIME),
};
/** A value whose Go type is not followed further. */
export const any: GoShape = { zero: () => null, of: (json) => json ?? null };

export function slice(item: GoShape): GoShape {
  const zero = (): Value => nil([]);
  return { zero, of: (json) => (Array.isArray(json) ? json.map((value) => item.of(value)) : zero()) };
}

export function map(item: GoShape): GoShape {
  const zero = (): Value => nil(typedMap({}, item.zero()) as object);
  return {
    zero,
    of(json) {
      if (typeof json !== "object" || json === null || Array.isArray(json)) return zero();
      return typedMap(
        Object.fromEntries(Object.entries(json).map(([key, value]) => [key, item.of(value)])),
        item.zero(),
      );
    },
  };
}

/** nil when it is missing. */
export function pointer(item: GoShape): GoShape {
  return { zero: () => null, of: (json) => (json === null || json === undefined ? null : item.of(json)) };
}

export function omitEmpty(shape: GoShape): GoShape {
  return { ...shape, omitEmpty: true };
}

/** `aliases`: Go's names of fields where they differ from JSON's. Fields that the shape does not know are kept. */
export function structure(
  typeName: string,
  fields: Readonly<Record<string, GoShape>>,
  aliases: Readonly<Record<string, string>> = {},
): GoShape {
  const names = Object.keys(fields);
  const omitted = new Set(names.filter((name) => fields[name]?.omitEmpty === true));
  const info = { typeName, fields: names, omitEmpty: omitted, aliases };
  const of = (json: unknown): Value => {
    const given = (typeof json === "object" && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
    const known = names.map((name): readonly [string, unknown] => [name, (fields[name] as GoShape).of(given[name])]);
    const unknown = Object.entries(given).filter(([name]) => !Object.hasOwn(fields, name));
    return struct(Object.fromEntries([...known, ...unknown]), info);
  };
  return { zero: () => of({}), of };
}

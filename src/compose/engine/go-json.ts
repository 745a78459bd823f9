/**
 * JSON as Go's encoding/json writes a structure: fields in their own order, empty ones left out, mappings by key, `<`, `>` and
 * `&` escaped. A digest of it is the same on both sides.
 */
export interface GoType {
  /** The text, also of what is empty. */
  readonly encode: (value: unknown) => string;
  /** Left out of a structure (`omitempty`). */
  readonly isEmpty: (value: unknown) => boolean;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

export const goText: GoType = {
  encode: (value) => quoted(isAbsent(value) ? "" : String(value)),
  isEmpty: (value) => isAbsent(value) || value === "",
};

export const goFlag: GoType = { encode: (value) => String(value === true), isEmpty: (value) => value !== true };

export const goInteger: GoType = {
  encode: (value) => String(Number(value ?? 0)),
  isEmpty: (value) => Number(value ?? 0) === 0,
};

/** A float of 32 bits, in the fewest digits that tell it from its neighbours. */
export const goFloat: GoType = {
  encode(value) {
    const wanted = Math.fround(Number(value ?? 0));
    for (let digits = 1; digits < 9; digits++) {
      const short = Number(wanted.toPrecision(digits));
      if (Math.fround(short) === wanted) return String(short);
    }
    return String(wanted);
  },
  isEmpty: (value) => Number(value ?? 0) === 0,
};

/** Bytes, as a text. */
export const goBytes: GoType = {
  encode: (value) => `"${Number(value ?? 0)}"`,
  isEmpty: (value) => Number(value ?? 0) === 0,
};

/** What is there even when it is zero or false: only absence is empty. */
export const goPointer = (type: GoType): GoType => ({
  encode: (value) => (isAbsent(value) ? "null" : type.encode(value)),
  isEmpty: isAbsent,
});

export const goList = (item: GoType): GoType => ({
  encode: (value) => (isAbsent(value) ? "null" : `[${(value as readonly unknown[]).map(item.encode).join(",")}]`),
  isEmpty: (value) => isAbsent(value) || (value as readonly unknown[]).length === 0,
});

export const goMap = (item: GoType): GoType => ({
  encode: (value) =>
    isAbsent(value)
      ? "null"
      : `{${Object.entries(value as object)
          .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          .map(([key, entry]) => `${quoted(key)}:${item.encode(entry)}`)
          .join(",")}}`,
  isEmpty: (value) => isAbsent(value) || Object.keys(value as object).length === 0,
});

/** A structure; those of its fields that are `kept` are written even when they are empty. */
export function goStruct(fields: Readonly<Record<string, GoType>>, kept: readonly string[] = []): GoType {
  return {
    encode(value) {
      const of = (value ?? {}) as Readonly<Record<string, unknown>>;
      const parts = Object.entries(fields).flatMap(([key, type]) =>
        type.isEmpty(of[key]) && !kept.includes(key) ? [] : [`${quoted(key)}:${type.encode(of[key])}`],
      );
      return `{${parts.join(",")}}`;
    },
    isEmpty: () => false,
  };
}

/** What another form stands for. */
export const goAs = (type: GoType, form: (value: unknown) => unknown): GoType => ({
  encode: (value) => type.encode(form(value)),
  isEmpty: (value) => isAbsent(value) || type.isEmpty(form(value)),
});

const quoted = (text: string): string => escapedAsGoDoes(JSON.stringify(text));

/** JSON with the signs that Go's encoder escapes. */
export const escapedAsGoDoes = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

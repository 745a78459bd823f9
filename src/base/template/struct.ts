const STRUCT = Symbol("struct");

export interface StructInfo {
  /** Go's name of the type, for messages. */
  readonly typeName: string;
  /** Fields that are printed, in order. */
  readonly fields: readonly string[];
  /** Fields that JSON leaves out when they are empty. */
  readonly omitEmpty?: ReadonlySet<string>;
  /** Its JSON is safe inside HTML: `<`, `>` and `&` as \\u escapes. */
  readonly escapeHtml?: boolean;
  /** Other names of fields: Go's where it differs from the JSON name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What its String() gives. */
  readonly text?: string;
}

type Struct = Readonly<Record<string, unknown>> & { readonly [STRUCT]: StructInfo };

/** Marks a copy of `fields` as a struct. A getter is asked for its value by who prints it, not before. */
export function struct(fields: Readonly<Record<string, unknown>>, info: StructInfo): unknown {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(fields));
  return Object.defineProperty(copy, STRUCT, { value: info, enumerable: false });
}

export function structInfo(value: unknown): StructInfo | undefined {
  return typeof value === "object" && value !== null ? (value as Partial<Struct>)[STRUCT] : undefined;
}

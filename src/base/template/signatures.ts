/** How many arguments functions take; others take any number. */
export const ARITY: Readonly<Record<string, { readonly least: number; readonly most: number }>> = {
  not: { least: 1, most: 1 },
  len: { least: 1, most: 1 },
  index: { least: 1, most: Infinity },
  slice: { least: 1, most: 4 },
  printf: { least: 1, most: Infinity },
  eq: { least: 1, most: Infinity },
  ne: { least: 2, most: 2 },
  lt: { least: 2, most: 2 },
  le: { least: 2, most: 2 },
  gt: { least: 2, most: 2 },
  ge: { least: 2, most: 2 },
  json: { least: 1, most: 1 },
  split: { least: 2, most: 2 },
  join: { least: 2, most: 2 },
  title: { least: 1, most: 1 },
  lower: { least: 1, most: 1 },
  upper: { least: 1, most: 1 },
  pad: { least: 3, most: 3 },
  truncate: { least: 2, most: 2 },
};

/** Types of the parameters of functions that take no others. */
export const PARAMETERS: Readonly<Record<string, readonly ("string" | "int" | "[]string")[]>> = {
  split: ["string", "string"],
  join: ["[]string", "string"],
  title: ["string"],
  lower: ["string"],
  upper: ["string"],
  pad: ["string", "int", "int"],
  truncate: ["string", "int"],
};

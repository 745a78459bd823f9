import { malformed } from "../dockerfile-error.ts";

export type JsonForm = { readonly form: "json"; readonly words: readonly string[] } | { readonly form: "text" };

/**
 * `["a", "b"]`. What only looks like it is a text, and BuildKit's shell form. `invalid-parameter` for a list that holds
 * anything but strings.
 */
export function readJsonForm(rest: string): JsonForm {
  if (!rest.trimStart().startsWith("[")) return { form: "text" };
  let value: unknown;
  try {
    value = JSON.parse(rest);
  } catch {
    return { form: "text" };
  }
  if (!Array.isArray(value)) return { form: "text" };
  if (!value.every((word) => typeof word === "string"))
    throw malformed(
      "when using JSON array syntax, arrays must be comprised of strings only",
      "put every element in quotes",
    );
  return { form: "json", words: value };
}

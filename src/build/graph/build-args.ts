/** docker-compat: a switch that is given as a build argument (`BUILDKIT_…`), in the spellings that BuildKit's front end takes. */
export function isOn(value: string | undefined): boolean {
  return /^(1|t|true)$/i.test(value ?? "");
}

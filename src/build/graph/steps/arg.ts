import { expandWord } from "../../dockerfile/words/expand-word.ts";
import type { ArgDeclaration, ArgInstruction } from "../../dockerfile/types.ts";
import { lintUnset, SBOM_ARGS, type StageContext } from "../stage-context.ts";
import { withVariable, type StageState } from "../stage-state.ts";
import { lintSecretName } from "./lint-secrets.ts";
import { withSetting } from "./settings.ts";

/** The value given to the build, else the default, else that of an ARG before the first FROM. */
export function stepArg(state: StageState, instruction: ArgInstruction, at: StageContext): StageState {
  let after = state;
  const shown: string[] = [];
  for (const declaration of instruction.args) {
    lintSecretName("ARG", declaration.key, instruction, at.linter);
    const { key } = declaration;
    const value = valueOf(declaration, after, instruction, at);
    const env = value === undefined || SBOM_ARGS.has(key) ? after.env : withVariable(after.env, key, value);
    after = { ...after, env, args: [...after.args, { key, value }] };
    // docker-compat: the classic builder tells the default, whatever was given.
    const told = at.options.dialect === "classic" ? declaration.value : value;
    shown.push(told === undefined ? key : `${key}=${told}`);
  }
  return withSetting(after, at, {}, `ARG ${shown.join(" ")}`);
}

function valueOf(
  { key, value }: ArgDeclaration,
  state: StageState,
  instruction: ArgInstruction,
  at: StageContext,
): string | undefined {
  const given = at.options.buildArgs.get(key);
  if (given !== undefined) return given;
  if (value === undefined) return at.args.get(key);
  const { escape } = at.dockerfile;
  const expansion = expandWord(value, (name) => state.env.get(name), { escape });
  lintUnset(state, instruction, at, expansion.unmatched);
  return expansion.text;
}

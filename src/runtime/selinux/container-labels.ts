import { BerthError } from "#base/errors.ts";
import { parseContext, printContext, type SelinuxContext } from "./context.ts";

/** What the machine's policy says of containers: its `lxc_contexts` (opencontainers/selinux). */
export interface ContainerContexts {
  readonly process: string;
  readonly file: string;
  /** Of files that all containers may read and run. */
  readonly readOnlyFile: string;
}

/** Labels of one container, fixed when it is created. */
export interface ContainerLabels {
  /** "" = as the engine's own: not confined. */
  readonly process: string;
  /** Of every file of the container. */
  readonly mount: string;
}

const CATEGORIES = 1024;

/** What files of containers without a label of their own have: no confined process has both categories. */
const unconfinedLevel = `s0:c${CATEGORIES - 2},c${CATEGORIES - 1}`;

/**
 * Labels as `--security-opt label=…` asks for them, in the order given. Without a level of its own the container gets a pair
 * of categories that is not among `taken`, levels of other containers. `random`: from 0 up to, without, a bound.
 * `invalid-parameter` in Docker's words. docker-compat: a level that is given may be another container's.
 */
export function containerLabels(
  contexts: ContainerContexts,
  options: readonly string[],
  taken: ReadonlySet<string>,
  random: (below: number) => number,
): ContainerLabels {
  const disabledAt = options.indexOf("disable");
  const changes = (disabledAt < 0 ? options : options.slice(0, disabledAt)).map(parseOption);
  const file = parseContext(contexts.file);
  if (disabledAt >= 0) return { process: "", mount: printContext({ ...file, level: unconfinedLevel }) };
  let process = parseContext(contexts.process);
  let mount = file;
  const givenLevel = changes.findLast(({ key }) => key === "level")?.value;
  if (process.level !== "") {
    const level = givenLevel ?? freeLevel(taken, random);
    process = { ...process, level };
    mount = { ...mount, level };
  }
  for (const { key, value } of changes) {
    if (key === "filetype") mount = { ...mount, type: value };
    else process = { ...process, [key]: value };
    if (key === "level" || key === "user") mount = { ...mount, [key]: value };
  }
  return { process: printContext(process), mount: printContext(mount) };
}

/** For files that several containers share. */
export const sharedLabel = (mount: string): string => printContext({ ...parseContext(mount), level: "s0" });

/** Options that give another container the same process label. */
export function sameLabelOptions(process: string): readonly string[] {
  if (process === "") return [];
  const { user, role, type, level } = parseContext(process);
  return [`user:${user}`, `role:${role}`, `type:${type}`, ...(level === "" ? [] : [`level:${level}`])];
}

type OptionKey = keyof SelinuxContext | "filetype";

const optionKeys: ReadonlySet<string> = new Set<OptionKey>(["type", "filetype", "user", "role", "level"]);

function parseOption(option: string): { readonly key: OptionKey; readonly value: string } {
  const at = option.indexOf(":");
  const bad = (what: string, valid: string): BerthError =>
    new BerthError("invalid-parameter", `Bad label option ${JSON.stringify(what)}, valid options ${valid}`);
  if (at < 0) throw bad(option, "'disable' or \n'user, role, level, type, filetype' followed by ':' and a value");
  const key = option.slice(0, at);
  if (!optionKeys.has(key)) throw bad(key, "'disable, user, role, level, type, filetype'");
  return { key: key as OptionKey, value: option.slice(at + 1) };
}

function freeLevel(taken: ReadonlySet<string>, random: (below: number) => number): string {
  for (;;) {
    const [low, high] = [random(CATEGORIES), random(CATEGORIES)].toSorted((a, b) => a - b);
    const level = `s0:c${low},c${high}`;
    if (low !== high && level !== unconfinedLevel && !taken.has(level)) return level;
  }
}

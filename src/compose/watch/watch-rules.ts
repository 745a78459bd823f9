import { join, relative } from "node:path/posix";
import { compileIgnore, parseIgnoreFile, type IgnoreMatcher } from "#base/ignore-patterns.ts";
import { BerthError } from "#base/errors.ts";
import type { ServiceHook, WatchRule } from "../model/deploy.ts";
import type { ServiceMount } from "../model/mounts.ts";
import type { Service } from "../load/project.ts";

export interface FilePair {
  /** Absolute, on this machine. */
  readonly host: string;
  /** Absolute, in the container. */
  readonly container: string;
}

/** What a set of changed files asks for. */
export interface WatchWork {
  readonly rebuild: readonly string[];
  /** By service. */
  readonly sync: ReadonlyMap<string, readonly FilePair[]>;
  readonly restart: readonly string[];
  /** By service, each once. */
  readonly exec: ReadonlyMap<string, readonly ServiceHook[]>;
}

interface Rule {
  readonly service: string;
  readonly rule: WatchRule & { readonly path: string };
  readonly ignored: readonly RelativeMatcher[];
  readonly included: RelativeMatcher | undefined;
}

interface RelativeMatcher {
  /** Patterns count from here. */
  readonly folder: string;
  readonly matcher: IgnoreMatcher;
}

/** What editors leave beside the files that people mean. */
const passing = [
  ["**/.git", "**/.idea", "**/*___jb_old___", "**/*___jb_tmp___"],
  ["**/.#*", "**/#*#", "**/4913", "**/*~", "**/.*.sw[nopx]", "**/.*.kate-swp"],
].flat();

/** `develop.watch` of services, ready to judge changes (develop.md). */
export class WatchRules {
  readonly #rules: readonly Rule[];
  /** Sentences for the person. */
  readonly warnings: readonly string[];

  /** `ignoreFile`: the text of a build's ignore file. `invalid-parameter` for a rule that cannot work. */
  constructor(services: readonly Service[], ignoreFile: (service: Service) => string | undefined) {
    const rules: Rule[] = [];
    const warnings: string[] = [];
    for (const service of services) {
      const ofBuild = buildMatcher(service, ignoreFile(service));
      for (const rule of service.develop?.watch ?? []) {
        checkRule(service, rule);
        const path = rule.path ?? "";
        if (rule.action?.startsWith("sync") === true && isMounted(path, service.volumes ?? [])) {
          warnings.push(`path '${path}' also declared by a bind mount volume, this path won't be monitored!`);
          continue;
        }
        rules.push({
          service: service.name,
          rule: { ...rule, path },
          ignored: [
            ...ofBuild,
            { folder: path, matcher: compileIgnore(passing) },
            { folder: path, matcher: compileIgnore(rule.ignore ?? []) },
          ],
          included: rule.include === undefined ? undefined : { folder: path, matcher: compileIgnore(rule.include) },
        });
      }
    }
    this.#rules = rules;
    this.warnings = warnings;
  }

  /** Absolute paths to watch; empty when no service has rules. */
  get roots(): readonly string[] {
    const paths = [...new Set(this.#rules.map(({ rule }) => rule.path))].toSorted();
    return paths.filter((path) => !paths.some((other) => other !== path && isBelow(path, other)));
  }

  /** True for a folder in which no rule wants to hear of anything. */
  isSkipped(path: string): boolean {
    const concerned = this.#rules.filter(({ rule }) => isBelow(path, rule.path) || isBelow(rule.path, path));
    return concerned.every(({ rule, ignored }) =>
      !isBelow(path, rule.path) ? false : ignored.some((matcher) => excludes(matcher, path) && !mayHold(matcher, path)),
    );
  }

  /** What changed files ask for. */
  workOf(paths: readonly string[]): WatchWork {
    const sync = new Map<string, FilePair[]>();
    const exec = new Map<string, Set<ServiceHook>>();
    const rebuild = new Set<string>();
    const restart = new Set<string>();
    for (const path of paths) {
      for (const found of this.#rules) {
        if (!concerns(found, path)) continue;
        const { service, rule } = found;
        const action = rule.action ?? "";
        if (action === "rebuild") rebuild.add(service);
        if (action.startsWith("sync")) append(sync, service, pairOf(rule, path));
        if (action.endsWith("restart")) restart.add(service);
        if (action === "sync+exec" && rule.exec !== undefined)
          exec.set(service, (exec.get(service) ?? new Set<ServiceHook>()).add(rule.exec));
      }
    }
    return {
      rebuild: [...rebuild],
      // A service that is built anew has the files already.
      sync: new Map([...sync].filter(([service]) => !rebuild.has(service))),
      restart: [...restart].filter((service) => !rebuild.has(service)),
      exec: new Map([...exec].filter(([service]) => !rebuild.has(service)).map(([name, hooks]) => [name, [...hooks]])),
    };
  }

  /** Files of rules that want them in the container before anything changes; `list` gives all below a folder. */
  initialSync(list: (path: string) => readonly string[]): WatchWork {
    const wanted = this.#rules.filter(
      ({ rule }) => rule.initial_sync === true && rule.action?.startsWith("sync") === true,
    );
    const sync = new Map<string, FilePair[]>();
    for (const found of wanted) {
      for (const path of list(found.rule.path))
        if (concerns(found, path)) append(sync, found.service, pairOf(found.rule, path));
    }
    return { rebuild: [], sync, restart: [], exec: new Map() };
  }
}

function append(sync: Map<string, FilePair[]>, service: string, pair: FilePair): void {
  const pairs = sync.get(service) ?? [];
  if (!pairs.some(({ container }) => container === pair.container)) pairs.push(pair);
  sync.set(service, pairs);
}

const pairOf = (rule: Rule["rule"], path: string): FilePair => ({
  host: path,
  container: join(rule.target ?? "/", relative(rule.path, path)),
});

function concerns({ rule, ignored, included }: Rule, path: string): boolean {
  if (!isBelow(path, rule.path)) return false;
  if (included !== undefined && !excludes(included, path)) return false;
  return !ignored.some((matcher) => excludes(matcher, path));
}

const excludes = ({ folder, matcher }: RelativeMatcher, path: string): boolean =>
  path !== folder && isBelow(path, folder) && matcher.excludes(relative(folder, path));
const mayHold = ({ folder, matcher }: RelativeMatcher, path: string): boolean =>
  matcher.mayHoldExceptions(relative(folder, path));

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

function buildMatcher({ build }: Service, text: string | undefined): readonly RelativeMatcher[] {
  const context = build?.context;
  if (text === undefined || context === undefined || !context.startsWith("/")) return [];
  return [{ folder: context, matcher: compileIgnore(parseIgnoreFile(text)) }];
}

/** A mount shows the container every change by itself. */
const isMounted = (path: string, mounts: readonly ServiceMount[]): boolean =>
  mounts.some(({ type, source }) => type === "bind" && source !== undefined && isBelow(path, source));

function checkRule(service: Service, { action: written, target, exec, path }: WatchRule): void {
  const action: string = written ?? "";
  const refuse = (why: string): never => {
    throw new BerthError(
      "invalid-parameter",
      `service ${JSON.stringify(service.name)}: watch of ${path ?? ""}: ${why}`,
    );
  };
  if (action === "rebuild" && service.build === undefined)
    refuse("can't watch with action rebuild without a build context");
  if (action.startsWith("sync") && target === undefined) refuse(`the action ${action} needs a target`);
  if (action === "sync+exec" && exec === undefined) refuse("can't watch with action sync+exec without a command");
}

import { BerthError } from "#base/errors.ts";
import type { Service } from "../load/project.ts";
import type { ApplyContext } from "../apply/context.ts";

/** Variables for the services that depend on a provider's. */
export interface ProvidedVariables {
  /** Behind the service's name in capitals. */
  readonly prefixed: ReadonlyMap<string, string>;
  readonly raw: ReadonlyMap<string, string>;
}

interface Parameters {
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[];
}

interface ProviderMetadata {
  readonly description?: string;
  readonly up?: Parameters;
  readonly down?: Parameters;
  readonly stop?: Parameters;
}

export type ProviderVerb = "up" | "down" | "stop";

const words: Readonly<Record<ProviderVerb, readonly [doing: string, done: string, verb: string]>> = {
  up: ["Creating", "Created", "create"],
  down: ["Removing", "Removed", "remove"],
  stop: ["Stopping", "Stopped", "stop"],
};

/**
 * Leave a service to its provider: `TYPE compose --project-name=P VERB --OPTION=VALUE… SERVICE`, which tells of itself in lines
 * of JSON (docker/compose docs/extension.md). `stop` is only for those whose metadata have it. `not-found` without such a
 * program, `internal` with its reason when it fails.
 */
export async function runProvider(
  context: ApplyContext,
  service: Service,
  verb: ProviderVerb,
): Promise<ProvidedVariables> {
  const { project, programs, progress } = context;
  const { type = "", options = {} } = service.provider ?? {};
  const program = type === "compose" ? undefined : programs.find(type);
  const complain = (why: string): BerthError => new BerthError("internal", `service ${service.name}: ${why}`);
  if (program === undefined)
    throw new BerthError(
      "not-found",
      type === "compose"
        ? "'compose' is not a valid provider type"
        : `service ${service.name}: exec: ${JSON.stringify(type)}: executable file not found in $PATH`,
      { hint: `A provider is a program ${type}, or a plugin docker-${type}.` },
    );
  const variables = { prefixed: new Map<string, string>(), raw: new Map<string, string>() };
  const metadata = await metadataOf(context, program);
  if (verb === "stop" && metadata?.stop === undefined) return variables;
  const parameters = metadata?.[verb]?.parameters ?? [];
  const missing = parameters.find(({ name, required }) => required === true && !(name in options));
  if (missing !== undefined)
    throw new BerthError(
      "invalid-parameter",
      `required parameter ${JSON.stringify(missing.name)} is missing from provider ${JSON.stringify(type)} definition`,
    );
  const known = Object.entries(options).filter(
    ([key]) => metadata === undefined || parameters.some(({ name }) => name === key),
  );
  const flags = known.flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => `--${key}=${String(item)}`),
  );
  const [doing, done, action] = words[verb];
  progress.report(service.name, doing);
  if (!context.dryRun) {
    const told = new ProviderLines(complain, variables, (text) => progress.report(service.name, text));
    try {
      const { exitCode, stderr } = await programs.follow(
        [program, "compose", `--project-name=${project.name}`, verb, ...flags, service.name],
        (line) => told.take(line),
      );
      if (exitCode !== 0) throw complain(`failed to ${action} service provider: ${reasonOf(exitCode, stderr)}`);
    } catch (error) {
      progress.report(service.name, "Error", "error");
      throw error;
    }
  }
  progress.report(service.name, done, "done");
  return variables;
}

/** What it says about itself; undefined when it says nothing. */
async function metadataOf({ programs }: ApplyContext, program: string): Promise<ProviderMetadata | undefined> {
  const lines: string[] = [];
  const { exitCode } = await programs.follow([program, "compose", "metadata"], (line) => lines.push(line));
  if (exitCode !== 0) return undefined;
  try {
    const told = JSON.parse(lines.join("\n")) as ProviderMetadata;
    return told.description === undefined && told.up === undefined && told.down === undefined ? undefined : told;
  } catch {
    return undefined;
  }
}

/** Its last line of standard error says more than its exit code. */
export function reasonOf(exitCode: number, stderr: string): string {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return last === "" ? `exit status ${exitCode}` : `exit status ${exitCode}: ${last}`;
}

class ProviderLines {
  readonly #complain: (why: string) => BerthError;
  readonly #variables: { readonly prefixed: Map<string, string>; readonly raw: Map<string, string> };
  readonly #say: (text: string) => void;

  constructor(
    complain: (why: string) => BerthError,
    variables: { readonly prefixed: Map<string, string>; readonly raw: Map<string, string> },
    say: (text: string) => void,
  ) {
    this.#complain = complain;
    this.#variables = variables;
    this.#say = say;
  }

  take(line: string): void {
    if (line.trim() === "") return;
    const { type, message } = this.#parsed(line);
    switch (type) {
      case "error":
        throw this.#complain(message);
      case "info":
        this.#say(message.split("\n")[0] ?? "");
        return;
      case "setenv":
      case "rawsetenv": {
        const equals = message.indexOf("=");
        if (equals === -1) throw this.#complain(`invalid response from plugin: ${message}`);
        const into = type === "setenv" ? this.#variables.prefixed : this.#variables.raw;
        into.set(message.slice(0, equals), message.slice(equals + 1));
        return;
      }
      case "debug":
        return;
      default:
        throw this.#complain(`invalid response from plugin: ${type}`);
    }
  }

  #parsed(line: string): { readonly type: string; readonly message: string } {
    let told: unknown;
    try {
      told = JSON.parse(line);
    } catch (cause) {
      throw new BerthError("internal", this.#complain(`invalid response from plugin: ${line}`).message, { cause });
    }
    const { type, message } = (told ?? {}) as { readonly type?: unknown; readonly message?: unknown };
    return { type: String(type), message: typeof message === "string" ? message : "" };
  }
}

import { isAbsolute, join } from "node:path";
import type { CliInput, CliIo } from "#cli/cli-io.ts";
import { ExitError } from "#cli/errors.ts";
import { isRemoteContext, type ServiceBuild } from "../model/build.ts";
import type { Project, Service } from "../load/project.ts";
import { refuseUnsupportedBuild } from "../apply/refuse-unsupported.ts";
import { asCommand } from "./as-command.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** Build a service's image under the name, as `build` would with the words that its section means. */
export async function buildService(
  invocation: ComposeInvocation,
  project: Project,
  service: Service,
  image: string,
): Promise<void> {
  refuseUnsupportedBuild(service);
  const section = service.build ?? {};
  const inline = section.dockerfile_inline;
  const io = inline === undefined ? invocation.io : withInput(invocation.io, textInput(inline));
  const words = buildWords(section, image, project, service, invocation);
  const code = await asCommand({ ...invocation, io }, "build", words);
  if (code !== 0) throw new ExitError(code);
}

function buildWords(
  section: ServiceBuild,
  image: string,
  project: Project,
  service: Service,
  { flags }: ComposeInvocation,
): readonly string[] {
  const context = section.context ?? ".";
  const each = (flag: string, values: readonly string[] | undefined): readonly string[] =>
    (values ?? []).flatMap((value) => [`--${flag}`, value]);
  const one = (flag: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [`--${flag}`, String(value)];
  const on = (flag: string, set: boolean | undefined): readonly string[] => (set === true ? [`--${flag}`] : []);
  const given = (flag: string): string => (flags.has(flag) ? flags.text(flag) : "");
  const asked = (flag: string): boolean => flags.has(flag) && flags.on(flag);
  return [
    ...each("tag", [image, ...(section.tags ?? [])]),
    ...one("file", fileOf(section, context)),
    ...each("build-arg", argumentsOf(section, project, flags.has("build-arg") ? flags.list("build-arg") : [])),
    ...each("build-context", pairs(section.additional_contexts)),
    ...each("label", pairs(section.labels)),
    ...each("no-cache-filter", section.no_cache_filter),
    ...each("secret", secretsOf(section, project)),
    ...each("ssh", [...pairs(section.ssh), ...(given("ssh") === "" ? [] : [given("ssh")])]),
    ...one("memory", given("memory") || undefined),
    ...on("check", asked("check")),
    ...each(
      "add-host",
      Object.entries(section.extra_hosts ?? {}).flatMap(([host, addresses]) =>
        addresses.map((address) => `${host}:${address}`),
      ),
    ),
    ...each(
      "ulimit",
      Object.entries(section.ulimits ?? {}).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`),
    ),
    ...one("target", section.target),
    ...one("network", section.network),
    ...one("shm-size", section.shm_size),
    ...one("platform", section.platforms?.[0] ?? service.platform),
    ...on("no-cache", section.no_cache === true || asked("no-cache")),
    ...on("pull", section.pull === true || asked("pull")),
    ...on("quiet", asked("quiet") || asked("quiet-build")),
    "--",
    context,
  ];
}

/** `-f` counts from the person's folder, `dockerfile` from the context. */
function fileOf({ dockerfile, dockerfile_inline }: ServiceBuild, context: string): string | undefined {
  if (dockerfile_inline !== undefined) return "-";
  if (dockerfile === undefined || isAbsolute(dockerfile) || isRemoteContext(context)) return dockerfile;
  return join(context, dockerfile);
}

function argumentsOf(section: ServiceBuild, project: Project, given: readonly string[]): readonly string[] {
  const own = Object.entries(section.args ?? {}).flatMap(([name, value]) => {
    const found = value ?? project.environment.get(name);
    return found === undefined ? [] : [`${name}=${found}`];
  });
  return [...own, ...given];
}

/** A secret of the project is a file or a variable of the person's. */
function secretsOf(section: ServiceBuild, project: Project): readonly string[] {
  return (section.secrets ?? []).map(({ source, target }) => {
    const secret = project.secrets.get(source);
    const from = secret?.environment === undefined ? `src=${secret?.file ?? ""}` : `env=${secret.environment}`;
    return `id=${target ?? source},${from}`;
  });
}

const pairs = (values: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.entries(values ?? {}).map(([key, value]) => (value === "" ? key : `${key}=${value}`));

/** The same machine with another standard input. */
const withInput = (io: CliIo, stdin: CliInput): CliIo =>
  new Proxy(io, {
    get(target, key) {
      if (key === "stdin") return stdin;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });

/** An input that holds a text. */
function textInput(text: string): CliInput {
  let rest: Uint8Array | undefined = new TextEncoder().encode(text);
  return {
    isTerminal: () => false,
    read() {
      const now = rest;
      rest = undefined;
      return Promise.resolve(now);
    },
    makeRaw: () => () => undefined,
    hideEcho: () => () => undefined,
  };
}

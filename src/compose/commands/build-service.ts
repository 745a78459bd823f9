import { isAbsolute, join } from "node:path";
import type { CliInput } from "#cli/cli-io.ts";
import { ExitError } from "#cli/errors.ts";
import { composeVersion, label } from "../engine/labels.ts";
import { isRemoteContext, serviceOfContext, type ServiceBuild } from "../model/build.ts";
import type { Project, Service } from "../load/project.ts";
import { imageNameOf } from "../apply/context.ts";
import { refuseUnsupportedBuild } from "../apply/refuse-unsupported.ts";
import { asCommand } from "./as-command.ts";
import { prefixedOutput } from "./prefixed-output.ts";
import { withStreams } from "./with-streams.ts";
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
  const { stdin, stderr } = invocation.io;
  // Several builds tell their lines at the same time where nothing is drawn.
  const io = withStreams(invocation.io, {
    stdin: inline === undefined ? stdin : textInput(inline),
    stderr: stderr.isTerminal() ? stderr : prefixedOutput(stderr, `${service.name} | `),
    // Secrets and arguments may come from environment files.
    env: Object.fromEntries(project.environment),
  });
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
  // What is to run here is built for this machine alone; `build` makes what the section says.
  const buildsAll = flags.has("push");
  const own = service.platform ?? project.environment.get("DOCKER_DEFAULT_PLATFORM");
  const platforms = (buildsAll ? section.platforms : undefined) ?? (own === undefined || own === "" ? [] : [own]);
  return [
    ...each("tag", [image, ...(section.tags ?? [])]),
    ...one("file", fileOf(section, context)),
    ...each("build-arg", argumentsOf(section, project, flags.has("build-arg") ? flags.list("build-arg") : [])),
    ...each("build-context", contextsOf(section, project)),
    ...each("cache-from", section.cache_from),
    ...each("cache-to", section.cache_to),
    ...each("allow", entitlementsOf(section)),
    ...each("label", pairs({ ...section.labels, ...ownLabels(project, service) })),
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
    ...each("platform", platforms),
    ...one("provenance", given("provenance") || section.provenance),
    ...one("sbom", given("sbom") || section.sbom),
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

/** `NAME=VALUE` of its build arguments, those of flags last. */
export function argumentsOf(section: ServiceBuild, project: Project, given: readonly string[]): readonly string[] {
  const own = Object.entries(section.args ?? {}).flatMap(([name, value]) => {
    const found = value ?? project.environment.get(name);
    return found === undefined ? [] : [`${name}=${found}`];
  });
  return [...own, ...given];
}

/** Another service's image is named to the engine: it is built before. */
function contextsOf(section: ServiceBuild, project: Project): readonly string[] {
  return Object.entries(section.additional_contexts ?? {}).map(([name, value]) => {
    const other = serviceOfContext(value);
    const service =
      other === undefined ? undefined : (project.services.get(other) ?? project.disabledServices.get(other));
    return `${name}=${service === undefined ? value : `docker-image://${imageNameOf(project, service)}`}`;
  });
}

const insecure = "security.insecure";

/** `privileged` is short for the entitlement of `RUN --security=insecure`. */
export function entitlementsOf({ entitlements = [], privileged }: ServiceBuild): readonly string[] {
  return privileged === true && !entitlements.includes(insecure) ? [...entitlements, insecure] : entitlements;
}

/** By which docker compose knows the images that a project built. */
const ownLabels = (project: Project, service: Service): Readonly<Record<string, string>> => ({
  [label.project]: project.name,
  [label.service]: service.name,
  [label.version]: composeVersion,
});

/** A secret of the project is a file or a variable of the person's. */
export function secretsOf(section: ServiceBuild, project: Project): readonly string[] {
  return (section.secrets ?? []).map(({ source, target }) => {
    const secret = project.secrets.get(source);
    const from = secret?.environment === undefined ? `src=${secret?.file ?? ""}` : `env=${secret.environment}`;
    return `id=${target ?? source},${from}`;
  });
}

/** `KEY=VALUE` of each, the key alone where there is no value. */
export const pairs = (values: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.entries(values ?? {}).map(([key, value]) => (value === "" ? key : `${key}=${value}`));

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
    takeKeys: () => () => undefined,
    hideEcho: () => () => undefined,
  };
}

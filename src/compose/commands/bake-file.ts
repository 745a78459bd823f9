import { serviceOfContext, type ServiceBuild } from "../model/build.ts";
import type { Project, Service } from "../load/project.ts";
import { imageNameOf } from "../apply/context.ts";
import { defined } from "../engine/resources.ts";
import { argumentsOf, entitlementsOf, pairs, secretsOf } from "./build-service.ts";
import type { ComposeInvocation } from "./subcommand.ts";

type Json = Readonly<Record<string, unknown>>;

/** The builds of services as a file of `buildx bake`: what `build --print` shows. */
export function bakeFile(project: Project, services: readonly Service[], { flags }: ComposeInvocation): Json {
  const target = (service: Service): Json => bakeTarget(service.build ?? {}, project, service, flags.list("build-arg"));
  return {
    group: { default: { targets: services.map(({ name }) => targetName(name)) } },
    target: Object.fromEntries(services.map((service) => [targetName(service.name), target(service)])),
  };
}

/** A target's name may have no dots. */
const targetName = (service: string): string => service.replaceAll(".", "_");

function bakeTarget(
  section: ServiceBuild,
  project: Project,
  service: Service,
  givenArguments: readonly string[],
): Json {
  const some = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined);
  const args = argumentsOf(section, project, givenArguments).map((written) => {
    const equals = written.indexOf("=");
    return [written.slice(0, equals), written.slice(equals + 1)] as const;
  });
  const contexts = Object.entries(section.additional_contexts ?? {}).map(([name, value]) => {
    const other = serviceOfContext(value);
    return [name, other === undefined ? value : `target:${targetName(other)}`] as const;
  });
  const { provenance, sbom } = section;
  const attest = [
    ...(provenance === undefined ? [] : [`type=provenance,${attributes(provenance)}`]),
    ...(sbom === undefined ? [] : [`type=sbom,${attributes(sbom)}`]),
  ];
  return defined({
    context: section.context,
    contexts: contexts.length === 0 ? undefined : Object.fromEntries(contexts),
    dockerfile: section.dockerfile_inline === undefined ? section.dockerfile : undefined,
    "dockerfile-inline": section.dockerfile_inline,
    args: args.length === 0 ? undefined : Object.fromEntries(args),
    labels: section.labels,
    tags: [imageNameOf(project, service), ...(section.tags ?? [])],
    "cache-from": some(section.cache_from),
    "cache-to": some(section.cache_to),
    target: section.target,
    secret: some(secretsOf(section, project)),
    ssh: some(pairs(section.ssh)),
    platforms: some(section.platforms ?? (service.platform === undefined ? [] : [service.platform])),
    pull: section.pull,
    "no-cache": section.no_cache,
    "no-cache-filter": some(section.no_cache_filter),
    network: section.network,
    "shm-size": section.shm_size === undefined ? undefined : String(section.shm_size),
    ulimits: some(Object.entries(section.ulimits ?? {}).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`)),
    "extra-hosts": section.extra_hosts,
    entitlements: some(entitlementsOf(section)),
    attest: some(attest),
    output: ["type=docker"],
  });
}

/** `true` and `false` of an attestation in bake's words. */
const attributes = (written: string): string =>
  /^(?:true|false)$/u.test(written) ? `disabled=${String(written === "false")}` : written;

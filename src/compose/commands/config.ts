import { BerthError } from "#base/errors.ts";
import { serviceHash } from "../engine/config-hash.ts";
import { escapedAsGoDoes } from "../engine/go-json.ts";
import { imageNameOf } from "../apply/context.ts";
import { asYaml, printedProject } from "../model/printed.ts";
import { mapScalars } from "../source/node.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import { variableUses, type VariableUse } from "../source/substitute.ts";
import { withoutUnused } from "../load/used-resources.ts";
import { withDependencies } from "../load/choose-services.ts";
import { alignTable } from "#cli/format/table.ts";
import type { Project } from "../load/project.ts";
import { inDependencyOrder } from "../plan/plan-up.ts";
import { openProject } from "./session.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";

/** `config`: the project as it was understood. */
export const config: ComposeHandler = async (invocation) => {
  const { flags, io, args } = invocation;
  const project = await openProject(invocation, {
    services: args,
    interpolate: !flags.on("no-interpolate"),
    resolvePaths: !flags.on("no-path-resolution"),
    resolveEnvironment: !flags.on("no-env-resolution"),
    normalize: !flags.on("no-normalize"),
    consistency: ["no-consistency", "no-normalize", "no-interpolate"].every((flag) => !flags.on(flag)),
    ...(flags.on("profiles") ? { profiles: ["*"] } : {}),
  });
  if (flags.on("quiet")) return 0;
  const pins = flags.on("resolve-image-digests") || flags.on("lock-image-digests");
  const narrow = narrowed(project, args);
  const wanted = invocation.global.on("all-resources") ? narrow : withoutUnused(narrow);
  const text = printed(
    invocation,
    pins ? await (await import("./pin-images.ts")).pinImages(invocation, wanted) : wanted,
  );
  if (flags.text("output") === "") io.stdout.write(text);
  else io.writeFile(flags.text("output"), text, 0o644);
  return 0;
};

const narrowed = (project: Project, named: readonly string[]): Project => ({
  ...project,
  services: withDependencies(project.services, named),
});

function printed(invocation: ComposeInvocation, project: Project): string {
  const { flags } = invocation;
  const lines = (items: Iterable<string>): string => [...items].map((item) => `${item}\n`).join("");
  const services = [...project.services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.on("services")) return lines(inDependencyOrder(services).map(({ name }) => name));
  if (flags.on("volumes")) return lines(project.volumes.keys());
  if (flags.on("networks")) return lines(project.networks.keys());
  if (flags.on("models")) return lines(project.models.keys());
  if (flags.on("profiles")) return lines(new Set(services.flatMap(({ profiles }) => profiles ?? []).toSorted()));
  if (flags.on("images")) return lines(services.map((service) => imageNameOf(project, service)));
  if (flags.on("environment"))
    return lines([...project.environment].map(([name, value]) => `${name}=${value}`).toSorted());
  if (flags.on("variables")) return variables(invocation, project);
  if (flags.text("hash") !== "") return hashes(project, flags.text("hash"));
  const format = flags.text("format") || "yaml";
  const whole = flags.on("lock-image-digests")
    ? imagesOnly(project)
    : printedProject(project, format === "json" ? "json" : "yaml");
  const value = flags.on("no-interpolate") ? sortedThroughout(whole) : whole;
  // What is printed is read again as a Compose file.
  const escaped = (text: string): string => (flags.on("no-interpolate") ? text : text.replaceAll("$", "$$$$"));
  if (format === "json") return escaped(`${escapedAsGoDoes(JSON.stringify(value, null, 2))}\n`);
  if (format === "yaml") return escaped(asYaml(value));
  throw new BerthError("invalid-parameter", `unsupported format ${JSON.stringify(format)}`, {
    hint: "It is yaml or json.",
  });
}

/** docker-compat: what was not substituted is printed by name all through. */
function sortedThroughout(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedThroughout);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortedThroughout(item)]),
  );
}

/** A further file that pins images to what they are now. */
const imagesOnly = ({ services }: Project): Readonly<Record<string, unknown>> => ({
  services: Object.fromEntries(
    [...services.values()].filter(({ image }) => image !== undefined).map(({ name, image }) => [name, { image }]),
  ),
});

function hashes(project: Project, wanted: string): string {
  const names = wanted === "*" ? [...project.services.keys()].toSorted() : wanted.split(",");
  return names
    .map((name) => {
      const service = project.services.get(name);
      if (service === undefined) throw new BerthError("not-found", `no such service: ${name}`);
      return `${name} ${serviceHash(service)}\n`;
    })
    .join("");
}

function variables({ io }: ComposeInvocation, project: Project): string {
  const uses = new Map<string, VariableUse>();
  for (const file of project.files) {
    for (const document of parseYaml(io.readFile(file) ?? "", file)) {
      mapScalars(document, (scalar) => {
        if (typeof scalar.value === "string") for (const use of variableUses(scalar.value)) uses.set(use.name, use);
        return scalar;
      });
    }
  }
  const rows = [...uses.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return alignTable(
    [
      "NAME\tREQUIRED\tDEFAULT VALUE\tALTERNATE VALUE",
      ...rows.map((use) => `${use.name}\t${String(use.required)}\t${use.fallback}\t${use.alternate}`),
      "",
    ].join("\n"),
  );
}

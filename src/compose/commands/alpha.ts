import { imageNameOf } from "../apply/context.ts";
import type { Project, Service } from "../load/project.ts";
import type { ComposeHandler } from "./subcommand.ts";
import { openProject } from "./session.ts";

/** `alpha dry-run -- COMMAND`: `compose --dry-run COMMAND`. */
export const dryRun: ComposeHandler = ({ global, args, again }) => again(global.with("dry-run", true), args);

/** `alpha viz`: the project's services and what they depend on, for Graphviz. */
export const viz: ComposeHandler = async (invocation) => {
  const { flags, io } = invocation;
  const project = await openProject(invocation);
  io.stderr.write("viz command is EXPERIMENTAL\n");
  const size = flags.number("indentation-size");
  const indent = (flags.on("spaces") ? " " : "\t").repeat(Math.max(0, size));
  const show = { networks: flags.on("networks"), ports: flags.on("ports"), image: flags.on("image") };
  const services = [...project.services.values()];
  const nodes = services.map(
    (service) =>
      `${indent}${JSON.stringify(service.name)} [style="filled" label=<${labelOf(service, project, show)}>];`,
  );
  const edges = services.flatMap(({ name, depends_on }) =>
    Object.keys(depends_on).map((other) => `${indent}${JSON.stringify(name)} -> ${JSON.stringify(other)};`),
  );
  const lines = [`digraph ${JSON.stringify(project.name)} {`, `${indent}layout=dot;`, ...nodes, "", ...edges, "}", ""];
  io.stdout.write(`${lines.join("\n")}\n`);
  return 0;
};

function labelOf(
  service: Service,
  project: Project,
  show: { readonly networks: boolean; readonly ports: boolean; readonly image: boolean },
): string {
  const small = (text: string): string => `<font point-size="10">${text}</font>`;
  const list = (title: string, items: readonly string[]): string =>
    items.length === 0 ? "" : small(`<br/><br/><b>${title}:</b>${items.map((item) => `<br/>${item}`).join("")}`);
  const ports = (service.ports ?? []).map(
    ({ host_ip, published = "", target, protocol = "tcp", mode = "ingress" }) =>
      `${host_ip === undefined ? "" : `${host_ip}:`}${published}:${target} (${protocol}, ${mode})`,
  );
  return [
    `<font point-size="15">${service.name}</font>`,
    show.networks ? list("Networks", Object.keys(service.networks).toSorted()) : "",
    show.ports ? list("Ports", ports) : "",
    show.image ? list("Image", [imageNameOf(project, service)]) : "",
  ].join("");
}

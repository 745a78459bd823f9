import { isAbsolute, join } from "node:path";
import { BerthError, isBerthError } from "#base/errors.ts";
import { familiarName, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import { decimalSize } from "#base/units.ts";
import { alignTable } from "#cli/format/table.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import { asYaml, printedProject } from "../model/printed.ts";
import { imageNameOf } from "../apply/context.ts";
import type { ConfigFile, Project, Service } from "../load/project.ts";
import { asCommand } from "./as-command.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { openProject } from "./session.ts";
import { warn } from "./flag-readers.ts";

const defaultTransformation = "docker/compose-bridge-kubernetes";
const transformationLabel = "com.docker.compose.bridge=transformation";

/**
 * `bridge convert`: the project through images that write another model of it: each runs with the project at `/in` and the
 * folder of its results at `/out`.
 */
export const convert: ComposeHandler = async (invocation) => {
  const { flags, io, global } = invocation;
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(io.workingDirectory, path));
  const output = absolute(flags.text("output"));
  const templates = flags.text("templates");
  const transformations = flags.list("transformation");
  const project = await withResources(invocation, await openProject(invocation));
  if (global.on("dry-run")) return 0;
  const input = join(io.env["TMPDIR"] || "/tmp", `berth-bridge-${crypto.randomUUID()}`);
  const user = io.user();
  try {
    io.writeFile(join(input, "compose.yaml"), asYaml(printedProject(project)).replaceAll("$", "$$$$"), 0o600);
    io.removeFolder(output);
    io.makeFolder(output, 0o755);
    for (const image of transformations.length === 0 ? [defaultTransformation] : transformations) {
      const words = [
        ...["--rm", "--user", user, "--env", "LICENSE_AGREEMENT=true"],
        ...["--volume", `${input}:/in`, "--volume", `${output}:/out`],
        ...(templates === "" ? [] : ["--volume", `${absolute(templates)}:/templates`]),
        image,
      ];
      const code = await asCommand(invocation, "run", words);
      if (code !== 0) throw new BerthError("internal", `transformation ${image} ended with exit code ${code}`);
    }
  } finally {
    io.removeFolder(input);
  }
  return 0;
};

/** With the contents of files, the names of images and the ports they expose: all that a transformation may need. */
async function withResources(invocation: ComposeInvocation, project: Project): Promise<Project> {
  const { images } = await invocation.client();
  const exposed = async (service: Service): Promise<Service> => {
    const image = imageNameOf(project, service);
    const ports = new Set([...(service.expose ?? []), ...(service.ports ?? []).map(({ target }) => String(target))]);
    try {
      const { Config } = await images.inspect(image);
      for (const port of Object.keys(Config?.ExposedPorts ?? {})) ports.add(port.split("/")[0] ?? "");
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
      warn(invocation, `image ${image} of service ${service.name} is not here: what it exposes is left out`);
    }
    return { ...service, image, ...(ports.size === 0 ? {} : { expose: [...ports] }) };
  };
  const services = await Promise.all([...project.services.values()].map(exposed));
  const filled = (files: ReadonlyMap<string, ConfigFile>): ReadonlyMap<string, ConfigFile> =>
    new Map([...files].map(([key, file]) => [key, withContent(file, project, invocation)]));
  return {
    ...project,
    services: new Map(services.map((service) => [service.name, service])),
    configs: filled(project.configs),
    secrets: filled(project.secrets),
  };
}

function withContent(file: ConfigFile, project: Project, { io }: ComposeInvocation): ConfigFile {
  if (file.external || file.content !== undefined) return file;
  if (file.environment !== undefined) return { ...file, content: project.environment.get(file.environment) ?? "" };
  const content = file.file === undefined ? undefined : io.readFile(file.file);
  if (content === undefined) throw new BerthError("not-found", `open ${file.file ?? ""}: no such file or directory`);
  return { ...file, content };
}

/** `bridge transformations create PATH`: an image's templates in a folder, to be changed and built. */
export const createTransformation: ComposeHandler = async (invocation) => {
  const { flags, args, io } = invocation;
  const [written = ""] = args;
  const path = isAbsolute(written) ? written : join(io.workingDirectory, written);
  if (io.exists(path)) throw new BerthError("conflict", `output folder ${path} already exists`);
  const { containers } = await invocation.client();
  const { Id } = await containers.create(
    { Image: flags.text("from") || defaultTransformation },
    { name: "", platform: "" },
  );
  try {
    io.makeFolder(path, 0o755);
    await asCommand(invocation, "cp", ["--quiet", `${Id}:/templates`, join(path, "templates")]);
    const dockerfile = [
      "FROM docker/compose-bridge-transformer",
      `LABEL ${transformationLabel}`,
      "COPY templates /templates",
      "",
    ];
    io.writeFile(join(path, "Dockerfile"), dockerfile.join("\n"), 0o644);
  } catch (error) {
    io.removeFolder(path);
    throw error;
  } finally {
    await containers.remove(Id, { force: true });
  }
  io.stdout.write(`Transformer created in ${JSON.stringify(path)}\n`);
  return 0;
};

/** `bridge transformations list`: images that say that they are transformations. */
export const listTransformations: ComposeHandler = async ({ client, flags, io }) => {
  const images = await (await client()).images.list({ filters: { label: [transformationLabel] } });
  if (flags.on("quiet")) io.stdout.write(images.map(({ Id, RepoTags }) => `${RepoTags?.[0] ?? Id}\n`).join(""));
  else if (flags.text("format") === "json") io.stdout.write(`${JSON.stringify(images)}\n`);
  else io.stdout.write(alignTable(["IMAGE ID\tREPO\tTAGS\tSIZE", ...images.map(imageRow), ""].join("\n")));
  return 0;
};

function imageRow({ Id, RepoTags, Size }: ImageSummary): string {
  const written = RepoTags?.[0];
  const reference = written === undefined ? undefined : withDefaultTag(parseReference(written));
  const id = Id.replace(/^sha256:/u, "").slice(0, 12);
  const [repo, tag] = reference === undefined ? ["<none>", "<none>"] : [familiarName(reference), reference.tag ?? ""];
  return `${id}\t${repo}\t${tag}\t${decimalSize(Size)}`;
}

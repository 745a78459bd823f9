import { BerthError, isBerthError } from "#base/errors.ts";
import { confirmed } from "#cli/prune/confirm.ts";
import { showProgress } from "#cli/image/progress.ts";
import { registryAuth } from "#cli/image/registry-auth.ts";
import type { RegistryManifest } from "#spec/berth/registry-manifests.ts";
import { canonicalName, canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import { imageNameOf } from "../apply/context.ts";
import { imageIndex, projectManifest, type OciVersion, type ProjectFile } from "../artifact/write-artifact.ts";
import { filesToPublish } from "../artifact/published-files.ts";
import type { Project } from "../load/project.ts";
import { asYaml } from "../model/printed.ts";
import { asCommand } from "./as-command.ts";
import { pinImages } from "./pin-images.ts";
import type { ComposeHandler, ComposeInvocation } from "./subcommand.ts";
import { openProject, progressOf } from "./session.ts";
import { warn } from "./flag-readers.ts";

/** `publish REPOSITORY[:TAG]`: the project's files to a registry, where `-f oci://REPOSITORY` reads them. */
export const publish: ComposeHandler = async (invocation) => {
  const { flags, args, io, global } = invocation;
  const name = args[0] ?? "";
  const version = flags.text("oci-version");
  if (!["", "1.0", "1.1"].includes(version))
    throw new BerthError("invalid-parameter", `unsupported OCI version: ${version}`, { hint: "It is 1.0 or 1.1." });
  const project = await openProject(invocation, { profiles: ["*"] });
  const files = filesToPublish(project, (path) => io.readFile(path));
  refuseBuildOnly(project);
  if (!flags.on("yes") && !(await agreed(invocation, project, files))) return 1;
  const progress = progressOf(invocation, "Publishing");
  const pins = flags.on("resolve-image-digests") || flags.on("app");
  const pinned = pins && !global.on("dry-run") ? await pushedAndPinned(invocation, project) : undefined;
  if (pinned === undefined) await pushImages(invocation, project);
  const published: readonly ProjectFile[] = [
    ...files.filter(({ kind }) => kind !== "environment" || flags.on("with-env")),
    ...(pinned === undefined
      ? []
      : [{ kind: "project", name: "image-digests.yaml", content: asYaml(digestsOf(pinned)) } as const]),
  ];
  progress.report(name, "publishing");
  try {
    if (!global.on("dry-run")) await send(invocation, name, published, version as OciVersion | "", pinned);
  } catch (error) {
    progress.report(name, "publishing", "error");
    throw error;
  }
  progress.report(name, "published", "done");
  progress.close();
  return 0;
};

async function send(
  { client, flags, config, io, global }: ComposeInvocation,
  name: string,
  files: readonly ProjectFile[],
  version: OciVersion | "",
  pinned: Project | undefined,
): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const auth = await registryAuth(config, io, reference.domain);
  const { images } = await client();
  const Insecure = flags.on("insecure-registry") || global.list("insecure-registry").includes(reference.domain);
  const created = new Date(io.now()).toISOString().replace(/\.\d+Z$/u, "Z");
  let manifest = projectManifest(files, version === "" ? "1.1" : version, created);
  try {
    await images.pushArtifact({ ...manifest, Name: name, Insecure }, auth);
  } catch (error) {
    // A registry that knows no artifact types says that the manifest is invalid.
    if (version !== "" || !isBerthError(error) || !["invalid-parameter", "internal"].includes(error.kind)) throw error;
    manifest = projectManifest(files, "1.0", created);
    await images.pushArtifact({ ...manifest, Name: name, Insecure }, auth);
  }
  if (!flags.on("app") || pinned === undefined) return;
  const repository = canonicalName(reference);
  const manifests: RegistryManifest[] = [];
  for (const { image = "" } of pinned.services.values()) {
    const from = parseReference(image);
    const place = `${repository}@${from.digest ?? ""}`;
    if (canonicalName(from) !== repository) {
      const both = { from: await registryAuth(config, io, from.domain), to: auth };
      await showProgress(await images.copy({ From: canonicalString(from), To: place }, both), undefined);
    }
    manifests.push(await images.registryManifest(place, { insecure: Insecure, registryAuth: auth }));
  }
  const index = imageIndex(manifests, manifest);
  await images.pushArtifact({ ...index, Name: `${repository}@${index.Digest}`, Insecure }, auth);
}

/** What was built here has to be at its registry before it has a digest there. */
async function pushedAndPinned(invocation: ComposeInvocation, project: Project): Promise<Project> {
  await pushImages(invocation, project);
  return pinImages(invocation, project);
}

async function pushImages(invocation: ComposeInvocation, project: Project): Promise<void> {
  if (invocation.global.on("dry-run")) return;
  for (const service of project.services.values()) {
    if (service.build === undefined || service.image === undefined) continue;
    try {
      await asCommand(invocation, "push", ["--quiet", imageNameOf(project, service)]);
    } catch (error) {
      if (!isBerthError(error)) throw error;
      warn(invocation, `service ${service.name}: its image was not pushed: ${error.message}`);
    }
  }
}

const digestsOf = ({ services }: Project): object => ({
  services: Object.fromEntries(
    [...services.values()].filter(({ image }) => image !== undefined).map(({ name, image }) => [name, { image }]),
  ),
});

/** Who gets the project has no folder to build from. */
function refuseBuildOnly({ services }: Project): void {
  const names = [...services.values()]
    .filter(({ build, image, provider }) => build !== undefined && image === undefined && provider === undefined)
    .map(({ name }) => name);
  if (names.length > 0)
    throw new BerthError(
      "invalid-parameter",
      `your Compose stack cannot be published as it only contains a build section for service(s): ${names.join(", ")}`,
      { hint: "Give each an image too: it is what others pull." },
    );
}

/** A person says yes to what others should perhaps not read. */
async function agreed(
  { io, flags }: ComposeInvocation,
  project: Project,
  files: readonly ProjectFile[],
): Promise<boolean> {
  const binds = [...project.services.values()].flatMap(({ name, volumes = [] }) =>
    volumes.flatMap(({ type, source = "", target }) => (type === "bind" ? `  ${name}: ${source} at ${target}` : [])),
  );
  if (binds.length > 0) {
    const text = `These mounts of this machine are named in what is published, without their content:\n${binds.join("\n")}`;
    if (!(await confirmed(io, text))) return false;
  }
  const values = flags.on("with-env") ? files.filter(({ kind }) => kind === "environment") : [];
  const secrets = [...project.services.values()].flatMap(({ name, environment }) =>
    Object.keys(environment)
      .filter((key) => /passw|secret|token|api_?key|private_?key|credential/iu.test(key) && environment[key])
      .map((key) => `  ${name}: ${key}`),
  );
  if (values.length + secrets.length === 0) return true;
  const told = [...secrets, ...values.map(({ from }) => `  ${from ?? ""}`)].join("\n");
  return confirmed(io, `Everybody who may read what is published reads the values of:\n${told}`);
}

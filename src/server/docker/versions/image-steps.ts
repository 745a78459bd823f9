import { within, without, withoutEmpty, type Json, type VersionStep } from "./version-step.ts";

/** Answers about images, newest version first. */
export const imageSteps: readonly VersionStep[] = [
  {
    when: { before: 53 },
    shape: "image-inspect",
    reason: "before 1.53 nobody asked where an image comes from",
    apply: (body) => without(body, "Identity"),
  },
  {
    when: { since: 52 },
    shape: "image-inspect",
    reason: "1.52 leaves out what an image does not set",
    apply: (body) =>
      within(withoutEmpty(body, "Parent", "Comment", "DockerVersion", "Author"), "Config", (config) =>
        withoutEmpty(
          config,
          ...["Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir", "ExposedPorts"],
        ),
      ),
  },
  {
    when: { before: 51 },
    shape: "image-list",
    reason: "before 1.51 nobody counted an image's containers",
    apply: (body) => ({ ...body, Containers: -1 }),
  },
  {
    when: { since: 50 },
    shape: "image-inspect",
    reason: "1.50 leaves out what is a container's and not an image's",
    apply: (body) => within(body, "Config", (config) => without(config, ...ofContainersAlone)),
  },
  {
    when: { before: 48 },
    shape: "image-list",
    reason: "before 1.48 there were no descriptors",
    apply: (body) => without(body, "Descriptor"),
  },
  {
    when: { before: 48 },
    shape: "image-inspect",
    reason: "before 1.48 there were no manifests and no descriptors",
    apply: (body) => without(body, "Manifests", "Descriptor"),
  },
  {
    when: { before: 47 },
    shape: "image-list",
    reason: "before 1.47 there were no manifests",
    apply: (body) => without(body, "Manifests"),
  },
  {
    when: { before: 45 },
    shape: "image-inspect",
    reason: "1.45 removed the build container",
    apply: (body) => ({ Container: "", ContainerConfig: null, ...body }),
  },
  {
    when: { before: 44 },
    shape: "image-inspect",
    reason: "1.44 removed VirtualSize",
    apply: withVirtualSize,
  },
  {
    when: { since: 44 },
    shape: "image-inspect",
    reason: "1.44 leaves out the time of an image that has none",
    apply: (body) => (body["Created"] === "0001-01-01T00:00:00Z" ? without(body, "Created") : body),
  },
  {
    when: { before: 44 },
    shape: "image-list",
    reason: "1.44 removed VirtualSize",
    apply: withVirtualSize,
  },
  {
    when: { before: 43 },
    shape: "image-list",
    reason: "before 1.43 what has no name was called none",
    apply: (body) =>
      hasNone(body["RepoTags"]) && hasNone(body["RepoDigests"])
        ? { ...body, RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] }
        : body,
  },
];

const ofContainersAlone = [
  ...["Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"],
  ...["Image", "NetworkDisabled", "MacAddress", "StopTimeout"],
];

const hasNone = (names: unknown): boolean => Array.isArray(names) && names.length === 0;

/** Also of the images that `system df` lists. */
export function withVirtualSize(image: Json): Json {
  return { ...image, VirtualSize: image["Size"] };
}

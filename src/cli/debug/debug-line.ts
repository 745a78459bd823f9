import { APPLETS, DEFAULT_PATH, TOOLS, TOOLS_BUSYBOX, withApplets } from "#spec/berth/debug-tools.ts";
import type { ContainerInspect } from "#spec/docker/container.ts";

const LABEL = "berth.debug";
/** The shell, or the command that follows as arguments. */
const HAS_SHELL = 'test -z "$1" && exec sh; exec "$@"';

export interface DebugOptions {
  /** The image with the tools. */
  readonly tools: string;
  /** Instead of a shell. */
  readonly command: readonly string[];
  readonly terminal: boolean;
}

/**
 * The `run` that stands beside a running container: the tools' image as its root, in the container's process, network and,
 * where it is shared, IPC namespaces. Its files are below `/container`, as they are, mounts too.
 */
export function besideContainer(
  { Id, Name, HostConfig }: Pick<ContainerInspect, "Id" | "Name" | "HostConfig">,
  options: DebugOptions,
): readonly string[] {
  const ownProcesses = HostConfig.PidMode === "" || HostConfig.PidMode === "private";
  const sharesIpc = HostConfig.IpcMode === "shareable" || HostConfig.IpcMode === "host";
  return [
    ...common(Name.replace(/^\//, ""), options),
    ...["--pid", `container:${Id}`, "--network", `container:${Id}`],
    ...(sharesIpc ? ["--ipc", `container:${Id}`] : []),
    // Another process's root is for who may trace it (proc(5)).
    ...["--cap-add", "SYS_PTRACE", "--security-opt", "apparmor=unconfined", "--user", "0:0"],
    ...[
      "--entrypoint",
      "sh",
      options.tools,
      "-c",
      ownProcesses ? `ln -s /proc/1/root /container; ${HAS_SHELL}` : HAS_SHELL,
    ],
    ...["sh", ...options.command],
  ];
}

/**
 * The `run` of an image with the tools mounted in it. Their programs are found behind the image's own: busybox puts a link
 * for each into a folder of the container first. The tools' image has a static /bin/busybox.
 */
export function insideImage(
  image: {
    readonly id: string;
    readonly name: string;
    readonly path: string | undefined;
    readonly volumesFrom?: string;
  },
  options: DebugOptions,
): readonly string[] {
  return [
    ...common(image.name, options),
    ...["--mount", `type=image,src=${options.tools},dst=${TOOLS}`, "--user", "0:0", "--no-healthcheck"],
    ...["--env", `PATH=${image.path ?? DEFAULT_PATH}:${APPLETS}`],
    ...(image.volumesFrom === undefined ? [] : ["--volumes-from", image.volumesFrom]),
    ...["--entrypoint", TOOLS_BUSYBOX, image.id, "sh", "-c", withApplets(HAS_SHELL), "sh", ...options.command],
  ];
}

function common(name: string, { terminal }: DebugOptions): readonly string[] {
  return ["--rm", "--interactive", ...(terminal ? ["--tty"] : []), "--label", `${LABEL}=${name}`];
}

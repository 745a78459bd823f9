import type { Command, CommandFamily, CommandGroup } from "../command.ts";

export const commandGroups: readonly CommandGroup[] = [
  { kind: "group", path: "builder", summary: "Manage builds" },
  { kind: "group", path: "buildx", summary: "Manage builds, by the names that Docker's plugin has" },
  { kind: "group", path: "container", summary: "Manage containers" },
  { kind: "group", path: "context", summary: "Manage contexts" },
  { kind: "group", path: "image", summary: "Manage images" },
  { kind: "group", path: "manifest", summary: "Manage image manifests and manifest lists", usage: "COMMAND" },
  { kind: "group", path: "network", summary: "Manage networks" },
  { kind: "group", path: "registry", summary: "Serve images to others" },
  { kind: "group", path: "system", summary: "Manage Docker" },
  { kind: "group", path: "volume", summary: "Manage volumes", usage: "COMMAND" },
];

/** Every command of the engine's client. The composition root adds those that are other programs (`daemon`). */
export const engineFamilies: readonly CommandFamily[] = [
  {
    words: {
      build: "Build an image from a Dockerfile",
      builder: "",
      buildx: "",
      image: "",
    },
    load: async () => (await import("./build-commands.ts")).buildCommands,
  },
  {
    words: {
      container: "",
      create: "Create a new container",
      run: "Create and run a new container from an image",
      update: "Update configuration of one or more containers",
    },
    load: async () => (await import("./container-settings-commands.ts")).containerSettingsCommands,
  },
  {
    words: {
      attach: "Attach local standard input, output, and error streams to a running container",
      commit: "Create a new image from a container's changes",
      container: "",
      cp: "Copy files/folders between a container and the local filesystem",
      debug: "Open a shell with tools in a container or image that has none",
      diff: "Inspect changes to files or directories on a container's filesystem",
      exec: "Execute a command in a running container",
      export: "Export a container's filesystem as a tar archive",
      kill: "Kill one or more running containers",
      logs: "Fetch the logs of a container",
      pause: "Pause all processes within one or more containers",
      port: "List port mappings or a specific mapping for the container",
      ps: "List containers",
      rename: "Rename a container",
      restart: "Restart one or more containers",
      rm: "Remove one or more containers",
      start: "Start one or more stopped containers",
      stats: "Display a live stream of container(s) resource usage statistics",
      stop: "Stop one or more running containers",
      top: "Display the running processes of a container",
      unpause: "Unpause all processes within one or more containers",
      wait: "Block until one or more containers stop, then print their exit codes",
      why: "Tell why a container ended, a pull failed, or who has a port",
    },
    load: async () => (await import("./container-commands.ts")).containerCommands,
  },
  {
    words: {
      context: "",
    },
    load: async () => (await import("./context-commands.ts")).contextCommands,
  },
  {
    words: {
      history: "Show the history of an image",
      image: "",
      images: "List images",
      import: "Import the contents from a tarball to create a filesystem image",
      load: "Load an image from a tar archive or STDIN",
      pull: "Download an image from a registry",
      push: "Upload an image to a registry",
      rmi: "Remove one or more images",
      save: "Save one or more images to a tar archive (streamed to STDOUT by default)",
      search: "Search Docker Hub for images",
      tag: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    },
    load: async () => (await import("./image-commands.ts")).imageCommands,
  },
  {
    words: {
      manifest: "",
    },
    load: async () => (await import("./manifest-commands.ts")).manifestCommands,
  },
  {
    words: {
      network: "",
    },
    load: async () => (await import("./network-commands.ts")).networkCommands,
  },
  {
    words: {
      completion: "Print a script that completes commands, flags and names",
      events: "Get real time events from the server",
      info: "Display system-wide information",
      inspect: "Return low-level information on Docker objects",
      login: "Authenticate to a registry",
      logout: "Log out from a registry",
      "man-pages": "",
      system: "",
      ui: "Show containers, images, volumes and networks on the whole terminal, live",
      version: "Show the Docker version information",
    },
    load: async () => (await import("./system-commands.ts")).systemCommands,
  },
  {
    words: {
      volume: "",
    },
    load: async () => (await import("./volume-commands.ts")).volumeCommands,
  },
  {
    words: {
      volume: "",
    },
    load: async () => (await import("./volume-copy-commands.ts")).volumeCopyCommands,
  },
];

/** The commands of the families that have `word`; all of them when none has it, as for help and suggestions. */
export async function loadCommands(families: readonly CommandFamily[], word?: string): Promise<readonly Command[]> {
  const wanted = word === undefined ? [] : families.filter(({ words }) => Object.hasOwn(words, word));
  const tables = await Promise.all((wanted.length === 0 ? families : wanted).map(({ load }) => load()));
  return tables.flat();
}

/** The commands of one word, as the program's own help lists them, without their tables. */
export function topLevelCommands(
  families: readonly CommandFamily[],
): readonly { readonly name: string; readonly summary: string }[] {
  return families.flatMap(({ words }) =>
    Object.entries(words).flatMap(([name, summary]) => (summary === "" ? [] : [{ name, summary }])),
  );
}

/** Shown first in the program's help, in this order. */
export const COMMON_COMMANDS = [
  "run",
  "exec",
  "ps",
  "build",
  "pull",
  "push",
  "images",
  "login",
  "logout",
  "search",
  "version",
  "info",
] as const;

import type { Command } from "../command.ts";
import { filter, text, toggle } from "../flags/flag-kind.ts";
import { FORMAT_USAGE, TABLE_FORMAT_USAGE } from "./format-usage.ts";

/** Commands about the engine, its registries and objects of any kind. */
export const systemCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["version"],
    usage: "[OPTIONS]",
    summary: "Show the Docker version information",
    flags: [{ name: "format", short: "f", kind: text, usage: FORMAT_USAGE }],
    args: { kind: "none" },
    load: async () => (await import("../system/version.ts")).version,
  },
  {
    kind: "command",
    paths: ["system info", "info"],
    usage: "[OPTIONS]",
    summary: "Display system-wide information",
    flags: [{ name: "format", short: "f", kind: text, usage: FORMAT_USAGE }],
    args: { kind: "none" },
    load: async () => (await import("../system/info.ts")).info,
  },
  {
    kind: "command",
    paths: ["system df"],
    usage: "[OPTIONS]",
    summary: "Show docker disk usage",
    flags: [
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "verbose", short: "v", kind: toggle, usage: "Show detailed information on space usage" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../system/df/df.ts")).diskUsage,
  },
  {
    kind: "command",
    paths: ["system prune"],
    usage: "[OPTIONS]",
    summary: "Remove unused data",
    flags: [
      { name: "all", short: "a", kind: toggle, usage: "Remove all unused images not just dangling ones" },
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "label=<key>=<value>")' },
      { name: "force", short: "f", kind: toggle, usage: "Do not prompt for confirmation" },
      { name: "volumes", kind: toggle, usage: "Prune anonymous volumes" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../prune/prune-system.ts")).pruneSystem,
  },
  {
    kind: "command",
    paths: ["system events", "events"],
    usage: "[OPTIONS]",
    summary: "Get real time events from the server",
    flags: [
      { name: "filter", short: "f", kind: filter, usage: "Filter output based on conditions provided" },
      { name: "format", kind: text, usage: FORMAT_USAGE },
      { name: "since", kind: text, usage: "Show all events created since timestamp" },
      { name: "until", kind: text, usage: "Stream events until this timestamp" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../system/events.ts")).events,
  },
  {
    kind: "command",
    paths: ["inspect"],
    usage: "[OPTIONS] NAME|ID [NAME|ID...]",
    summary: "Return low-level information on Docker objects",
    flags: [
      { name: "format", short: "f", kind: text, usage: FORMAT_USAGE },
      { name: "size", short: "s", kind: toggle, usage: "Display total file sizes if the type is container" },
      { name: "type", kind: text, usage: "Only inspect objects of the given type" },
    ],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../inspect/inspect-command.ts")).inspectAny,
  },
  {
    kind: "command",
    paths: ["login"],
    usage: "[OPTIONS] [SERVER]",
    summary: "Authenticate to a registry",
    description: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
    flags: [
      { name: "password", short: "p", kind: text, usage: "Password or Personal Access Token (PAT)" },
      { name: "password-stdin", kind: toggle, usage: "Take the Password or Personal Access Token (PAT) from stdin" },
      { name: "username", short: "u", kind: text, usage: "Username" },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../system/login.ts")).login,
  },
  {
    kind: "command",
    paths: ["logout"],
    usage: "[SERVER]",
    summary: "Log out from a registry",
    description: "Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
    flags: [],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../system/logout.ts")).logout,
  },
  {
    kind: "command",
    paths: ["system dial-stdio"],
    usage: "",
    summary: "Proxy the stdio stream to the daemon connection. Should not be invoked manually.",
    hidden: true,
    flags: [],
    args: { kind: "none" },
    load: async () => (await import("../system/dial-stdio.ts")).dialStdio,
  },
  {
    kind: "command",
    paths: ["ui"],
    usage: "",
    summary: "Show containers, images, volumes and networks on the whole terminal, live",
    description: `Show containers, images, volumes and networks on the whole terminal, live

Containers come with what they use; their logs are followed, a shell is opened in
them, and they are started, stopped, restarted and removed. '?' lists the keys.`,
    flags: [],
    args: { kind: "none" },
    load: async () => (await import("../ui/ui.ts")).ui,
  },
  {
    kind: "command",
    paths: ["system check"],
    usage: "[OPTIONS]",
    summary: "Read all that is kept of images and tell what is damaged",
    flags: [
      { name: "format", kind: text, usage: '"json", or "" for lines' },
      { name: "repair", kind: toggle, usage: "Fetch damaged blobs again, unpack lost layers again" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../system/check.ts")).checkSystem,
  },
  {
    kind: "command",
    paths: ["completion"],
    usage: "bash|fish|zsh",
    summary: "Print a script that completes commands, flags and names",
    examples: `  bash:  echo 'source <(berth completion bash)' >> ~/.bashrc
  zsh:   berth completion zsh > "\${fpath[1]}/_berth"
  fish:  berth completion fish > ~/.config/fish/completions/berth.fish`,
    flags: [],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../completion/print-script.ts")).printScript,
  },
  {
    kind: "command",
    paths: ["man-pages"],
    usage: "FOLDER",
    summary: "Write a manual page for each command",
    hidden: true,
    flags: [],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../reference/write-man-pages.ts")).writeManPages,
  },
];

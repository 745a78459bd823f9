import type { Command } from "../command.ts";
import { filter, text, toggle } from "../flags/flag-kind.ts";
import { FORMAT_USAGE } from "./format-usage.ts";

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
];

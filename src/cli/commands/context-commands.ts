import type { Command } from "../command.ts";
import { text, toggle } from "../flags/flag-kind.ts";
import { stringMap } from "../flags/string-map.ts";
import { FORMAT_USAGE, TABLE_FORMAT_USAGE } from "./format-usage.ts";

const description = { name: "description", kind: text, usage: "Description of the context" };
const endpoint = { name: "docker", kind: stringMap, usage: "set the docker endpoint", fallback: "[]" };

const describeEndpoint = (summary: string, verb: string): string => `${summary}

Docker endpoint config:

NAME                DESCRIPTION
from                Copy named context's Docker endpoint configuration
host                Docker endpoint on which to connect
ca                  Trust certs signed only by this CA
cert                Path to TLS certificate file
key                 Path to TLS key file
skip-tls-verify     Skip TLS certificate validation

Example:

$ docker context ${verb} my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"`;

/** Commands about which engine is talked to. They work without one. */
export const contextCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["context create"],
    usage: "[OPTIONS] CONTEXT",
    summary: "Create a context",
    description: describeEndpoint("Create a context", "create"),
    flags: [description, endpoint, { name: "from", kind: text, usage: "create context from a named context" }],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../context/create.ts")).createContext,
  },
  {
    kind: "command",
    paths: ["context export"],
    usage: "[OPTIONS] CONTEXT [FILE|-]",
    summary: "Export a context to a tar archive FILE or a tar stream on STDOUT.",
    flags: [],
    args: { kind: "between", least: 1, most: 2 },
    load: async () => (await import("../context/export.ts")).exportContext,
  },
  {
    kind: "command",
    paths: ["context import"],
    usage: "CONTEXT FILE|-",
    summary: "Import a context from a tar or zip file",
    flags: [],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../context/import.ts")).importContext,
  },
  {
    kind: "command",
    paths: ["context inspect"],
    usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
    summary: "Display detailed information on one or more contexts",
    flags: [{ name: "format", short: "f", kind: text, usage: FORMAT_USAGE }],
    args: { kind: "at-least", count: 0 },
    load: async () => (await import("../context/inspect.ts")).inspectContexts,
  },
  {
    kind: "command",
    paths: ["context ls", "context list"],
    usage: "[OPTIONS]",
    summary: "List contexts",
    flags: [
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "quiet", short: "q", kind: toggle, usage: "Only show context names" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../context/list.ts")).listContexts,
  },
  {
    kind: "command",
    paths: ["context rm", "context remove"],
    usage: "CONTEXT [CONTEXT...]",
    summary: "Remove one or more contexts",
    flags: [{ name: "force", short: "f", kind: toggle, usage: "Force the removal of a context in use" }],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../context/remove.ts")).removeContexts,
  },
  {
    kind: "command",
    paths: ["context show"],
    usage: "",
    summary: "Print the name of the current context",
    flags: [],
    args: { kind: "none" },
    load: async () => (await import("../context/show.ts")).showContext,
  },
  {
    kind: "command",
    paths: ["context update"],
    usage: "[OPTIONS] CONTEXT",
    summary: "Update a context",
    description: describeEndpoint("Update a context", "update"),
    flags: [description, endpoint],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../context/update.ts")).updateContext,
  },
  {
    kind: "command",
    paths: ["context use"],
    usage: "CONTEXT",
    summary: "Set the current docker context",
    flags: [],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../context/use.ts")).useContext,
  },
];

import type { Option } from "./option.ts";
import { boolean, pairs, string } from "./value-kinds.ts";

export const logOptions: readonly Option[] = [
  {
    name: "debug",
    short: "D",
    kind: boolean,
    section: "The engine's own log",
    usage: "Log at level debug",
    reload: true,
  },
  {
    name: "log-level",
    short: "l",
    kind: string,
    value: "info",
    fallback: "info",
    section: "The engine's own log",
    usage: 'Level of the engine\'s own log ("debug", "info", "warn", "error", "fatal")',
  },
  {
    name: "log-format",
    kind: string,
    value: "text",
    fallback: "text",
    section: "The engine's own log",
    usage: 'Format of the engine\'s own log ("text", "json")',
  },
  {
    name: "raw-logs",
    kind: boolean,
    section: "Without effect here",
    usage: "Log without colours",
    idle: "the engine's log has full timestamps and no colours anyway",
  },
  {
    name: "log-driver",
    kind: string,
    value: "json-file",
    fallback: "json-file",
    section: "Container logs",
    usage: "Log driver of containers that ask for none",
    differs:
      "dockerd's json-file grows without bound; here it keeps 5 files of 20 MB, compressed, unless `max-size` or `max-file` say otherwise",
  },
  {
    name: "log-opt",
    key: "log-opts",
    kind: pairs,
    section: "Container logs",
    usage: "Log options of containers that ask for no driver, key=value",
  },
];

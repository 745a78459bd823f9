import { int, list, text, toggle, type FlagSpec } from "#cli/flags/flag-kind.ts";
import { dryRun } from "./shared-flags.ts";

export const composeSummary = "Define and run multi-container applications";
export const composeUsage = "[OPTIONS] COMMAND";

/** Flags of `compose` itself (reference of docker compose). */
export const composeFlags: readonly FlagSpec[] = [
  { name: "all-resources", kind: toggle, usage: "Include all resources, even those not used by services" },
  {
    name: "ansi",
    kind: text,
    value: "auto",
    fallback: '"auto"',
    usage: 'Control when to print ANSI control characters ("never"|"always"|"auto")',
  },
  { name: "compatibility", kind: toggle, usage: "Run compose in backward compatibility mode" },
  dryRun,
  { name: "env-file", kind: list, usage: "Specify an alternate environment file" },
  { name: "file", short: "f", kind: list, usage: "Compose configuration files" },
  { name: "parallel", kind: int, value: -1, fallback: "-1", usage: "Control max parallelism, -1 for unlimited" },
  { name: "profile", kind: list, usage: "Specify a profile to enable" },
  { name: "progress", kind: text, usage: "Set type of progress output (auto, tty, plain, json, quiet)" },
  {
    name: "project-directory",
    kind: text,
    usage: "Specify an alternate working directory\n(default: the path of the, first specified, Compose file)",
  },
  { name: "project-name", short: "p", kind: text, usage: "Project name" },
  {
    name: "insecure-registry",
    kind: list,
    hidden: true,
    usage: "Use insecure registry to pull Compose OCI artifacts. Doesn't apply to images",
  },
  { name: "verbose", kind: toggle, hidden: true, usage: "Show more output" },
  { name: "version", short: "v", kind: toggle, hidden: true, usage: "Show the Docker Compose version information" },
  {
    name: "workdir",
    kind: text,
    hidden: true,
    usage: "Specify an alternate working directory",
  },
  {
    name: "no-ansi",
    kind: toggle,
    hidden: true,
    usage: "Do not print ANSI control characters",
  },
];

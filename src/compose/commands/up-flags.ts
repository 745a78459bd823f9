import { int, type FlagSpec } from "#cli/flags/flag-kind.ts";
import {
  listFlag,
  noColour,
  noPrefix,
  pullPolicy,
  removeOrphans,
  scaleFlag,
  switchFlag,
  textFlag,
  yes,
} from "./shared-flags.ts";

/** Flags of `up`. */
export const upFlags: readonly FlagSpec[] = [
  switchFlag("abort-on-container-exit", "Stops all containers if any container was stopped. Incompatible with -d"),
  switchFlag(
    "abort-on-container-failure",
    "Stops all containers if any container exited with failure. Incompatible with -d",
  ),
  switchFlag("always-recreate-deps", "Recreate dependent containers. Incompatible with --no-recreate."),
  listFlag("attach", "Restrict attaching to the specified services. Incompatible with --attach-dependencies."),
  switchFlag("attach-dependencies", "Automatically attach to log output of dependent services"),
  switchFlag("build", "Build images before starting containers"),
  switchFlag("detach", "Detached mode: Run containers in the background", { short: "d" }),
  textFlag(
    "exit-code-from",
    "Return the exit code of the selected service container. Implies --abort-on-container-exit",
  ),
  switchFlag("force-recreate", "Recreate containers even if their configuration and image haven't changed"),
  switchFlag("menu", "Enable interactive shortcuts when running attached. Incompatible with --detach."),
  listFlag("no-attach", "Do not attach (stream logs) to the specified services"),
  switchFlag("no-build", "Don't build an image, even if it's policy"),
  noColour,
  switchFlag("no-deps", "Don't start linked services"),
  noPrefix,
  switchFlag("no-recreate", "If containers already exist, don't recreate them. Incompatible with --force-recreate."),
  switchFlag("no-start", "Don't start the services after creating them"),
  pullPolicy('"always"|"missing"|"never"'),
  switchFlag("quiet-build", "Suppress the build output"),
  switchFlag("quiet-pull", "Pull without printing progress information"),
  removeOrphans,
  switchFlag(
    "renew-anon-volumes",
    "Recreate anonymous volumes instead of retrieving data from the previous containers",
    { short: "V" },
  ),
  scaleFlag,
  {
    name: "timeout",
    short: "t",
    kind: int,
    usage: "Use this timeout in seconds for container shutdown when attached or when containers are already running",
  },
  switchFlag("timestamps", "Show timestamps"),
  switchFlag("wait", "Wait for services to be running|healthy. Implies detached mode."),
  {
    name: "wait-timeout",
    kind: int,
    usage: "Maximum duration in seconds to wait for the project to be running|healthy",
  },
  switchFlag("watch", "Watch source code and rebuild/refresh containers when files are updated.", { short: "w" }),
  yes,
];

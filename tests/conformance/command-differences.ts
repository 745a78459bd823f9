const creating = ["depends-on", "depends-on-timeout", "health-http", "health-tcp", "net-rate", "on-unhealthy"];

/** Flags of docker's commands that only Berth has. */
export const ownFlags: Readonly<Record<string, readonly string[]>> = {
  "container create": creating,
  "container ls": ["sort"],
  "container run": creating,
  "container update": ["net-rate"],
  "image push": ["compression"],
};

const severalPlatforms = "--platform takes several, as newer docker's does";

/** Commands whose help differs for other reasons, each with its own. */
export const otherHelp: Readonly<Record<string, string>> = {
  "builder build": "docker without its plugin shows the classic builder's flags; ours are those of BuildKit",
  "builder prune": "docker without its plugin does not show what BuildKit's cache can be filtered by",
  "image load": severalPlatforms,
  "image ls": "--tree is shown here, and only with API 1.47 there",
  "image pull": severalPlatforms,
  "image push": "ssh:// pushes to the engine of another machine",
  "image save": severalPlatforms,
};

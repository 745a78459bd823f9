const published = "needs a registry's project, which 2.26 cannot read: seen by tests/engine/compose/published";
const watching = "goes on until it is interrupted: seen by tests/engine/compose/keys";
const converted = "runs images of its own: seen by tests/engine/compose/looked-at";
const scheduled = "not docker compose's: seen by tests/engine/compose/schedules";

/** Commands and flags of compose without a line in tests/clients/compose-lines; a command stands for its flags. */
export const unplayedComposeFlags: Readonly<Record<string, string>> = {
  "--insecure-registry": published,
  "alpha generate": "the other way round, of containers: seen by tests/engine/compose/looked-at",
  "alpha publish": published,
  "alpha watch": watching,
  "bridge convert": converted,
  "bridge transformations create": converted,
  "bridge transformations list": converted,
  "build --ssh": "not looked at where 2.26 builds without BuildKit: agents are seen by tests/engine/build/commands",
  publish: published,
  "schedule history": scheduled,
  "schedule ls": scheduled,
  "schedule run": scheduled,
  watch: watching,
};

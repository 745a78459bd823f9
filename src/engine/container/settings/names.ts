import { BerthError } from "#base/errors.ts";

const pattern = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The name without its slash. `invalid-parameter` in Docker's words. */
export function checkName(name: string): string {
  if (!pattern.test(name)) {
    throw new BerthError(
      "invalid-parameter",
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  return name.replace(/^\//, "");
}

export function nameConflict(name: string, holderId: string): BerthError {
  return new BerthError(
    "conflict",
    `Conflict. The container name "/${name}" is already in use by container "${holderId}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}

const adjectives =
  "able agile amber ample azure blithe bold brave breezy bright brisk calm candid clever cosy crisp daring deft eager early even fair fleet fond frank fresh gentle glad golden grand hardy hazel honest humble ivory jolly keen kind lively loyal lucid merry mellow mild modest neat nimble noble open patient plucky polite prime proud quick quiet rapid ready robust rosy sage serene sharp silver sleek smart snug solid spry steady stout sunny swift tidy trim upbeat vivid warm wise witty zesty".split(
    " ",
  );
const nouns =
  "anchor barge barque beacon boom bosun bow breeze brig buoy cabin capstan cleat clipper cog cove current cutter davit deck dinghy dock dory fathom ferry frigate galley gig gull halyard harbour hatch hawser helm hull jetty jib junk keel ketch knot lagoon launch lighter locker lugger mast mooring oar otter packet paddle pier pilot port prow punt quay raft reef rigging rudder sail schooner sextant shoal skiff sloop spar spinnaker starboard stern strait tender tide tiller trawler tug wake wharf winch yawl".split(
    " ",
  );

/** A free name such as `brave_skiff`; a number is added when chance brings taken ones. */
export function randomName(taken: (name: string) => boolean, random: () => number = Math.random): string {
  for (let attempt = 0; ; attempt += 1) {
    const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? "ship";
    const suffix = attempt < 6 ? "" : String(Math.floor(random() * 10 ** Math.min(attempt - 5, 9)));
    const name = `${pick(adjectives)}_${pick(nouns)}${suffix}`;
    if (!taken(name)) return name;
  }
}

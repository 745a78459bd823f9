import {
  containers,
  contexts,
  files,
  folders,
  images,
  networks,
  nothing,
  running,
  volumes,
  type ValueKind,
} from "./value-kind.ts";

/** A command's arguments in order; the last entry goes on for all that follow when `repeats` is set. */
interface Arguments {
  readonly kinds: readonly ValueKind[];
  readonly repeats: boolean;
}

const one = (...kinds: readonly ValueKind[]): Arguments => ({ kinds, repeats: false });
const many = (...kinds: readonly ValueKind[]): Arguments => ({ kinds, repeats: true });

/** By the first of a command's paths. Commands that are not here take nothing that could be told. */
export const argumentKinds: Readonly<Record<string, Arguments>> = {
  "builder build": one(folders),
  completion: one({ kind: "words", words: ["bash", "fish", "zsh"] }),
  "container attach": one(running),
  "container commit": one(containers, images),
  "container cp": many({ kind: "container-paths" }),
  "container create": one(images),
  "container debug": one({ kind: "objects" }),
  "container diff": one(containers),
  "container exec": one(running),
  "container export": one(containers),
  "container inspect": many(containers),
  "container kill": many(running),
  "container logs": one(containers),
  "container pause": many(running),
  "container port": one(running),
  "container rename": one(containers),
  "container restart": many(containers),
  "container rm": many(containers),
  "container run": one(images),
  "container start": many({ kind: "containers", state: "stopped" }),
  "container stats": many(running),
  "container stop": many(running),
  "container top": one(running),
  "container unpause": many({ kind: "containers", state: "paused" }),
  "container update": many(containers),
  "container wait": many(running),
  "container why": one(containers, images),
  "context export": one(contexts, files),
  "context import": one(nothing, files),
  "context inspect": many(contexts),
  "context rm": many(contexts),
  "context update": one(contexts),
  "context use": one(contexts),
  "image cat": one(images),
  "image cp": many(images),
  "image diff": many(images),
  "image history": one(images),
  "image import": one(files),
  "image inspect": many(images),
  "image ls": one(images),
  "image ls-files": one(images),
  "image pull": one(images),
  "image push": one(images),
  "image rm": many(images),
  "image save": many(images),
  "image tag": many(images),
  inspect: many({ kind: "objects" }),
  "network connect": one(networks, containers),
  "network disconnect": one(networks, containers),
  "network inspect": many(networks),
  "network rm": many(networks),
  "volume clone": one(volumes),
  "volume export": one(volumes),
  "volume inspect": many(volumes),
  "volume lock": many(volumes),
  "volume rename": one(volumes),
  "volume restore": one(volumes),
  "volume rm": many(volumes),
  "volume snapshot": one(volumes),
  "volume snapshots": one(volumes),
  "volume unlock": many(volumes),
  "volume update": one(volumes),
};

/** What the argument at `index` of the command is. */
export function argumentKind(path: string, index: number): ValueKind {
  if (path.startsWith("compose ")) return { kind: "services" };
  const known = argumentKinds[path];
  if (known === undefined) return nothing;
  return known.kinds[index] ?? (known.repeats ? known.kinds.at(-1) : undefined) ?? nothing;
}

/**
 * A walk through all that is asked about images: lists, looks, names, removals, imports, archives, commits, pulls, pushes,
 * `/distribution`, searches and logins; docker 26.1 and ours, row by row, each with registries of its own. Where ours is
 * another on purpose, walk/image-differences.ts has it with the reason.
 */
import { describe, setDefaultTimeout } from "bun:test";
import { besideDocker } from "./walk/beside-docker.ts";
import { differences, formerWords } from "./walk/image-differences.ts";
import { imageMakerRows } from "./walk/image-makers.ts";
import { imageTransferRows } from "./walk/image-transfers.ts";
import { imageLookRows } from "./walk/images.ts";
import { bodies, digests, startRegistries } from "./walk/registries.ts";

setDefaultTimeout(180_000);

const compare = besideDocker({
  differences,
  formerWords,
  player: { bodies, digests },
  neighbours: startRegistries,
});

describe("images", () => compare("images", [...imageLookRows, ...imageMakerRows, ...imageTransferRows]));

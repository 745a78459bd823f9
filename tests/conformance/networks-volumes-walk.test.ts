/**
 * A walk through all that /networks and /volumes take and answer, and through the networks and mounts of containers: docker
 * 26.1 and ours, row by row. Where ours is another on purpose, walk/differences.ts has it with the reason.
 */
import { describe, setDefaultTimeout } from "bun:test";
import { besideDocker } from "./walk/beside-docker.ts";
import { differences, formerWords } from "./walk/differences.ts";
import { joinRows } from "./walk/joins.ts";
import { networkRows } from "./walk/networks.ts";
import { parentRows } from "./walk/parents.ts";
import { volumeRows } from "./walk/volumes.ts";

setDefaultTimeout(180_000);

const compare = besideDocker({ differences, formerWords });

describe("networks", () => compare("networks", [...networkRows, ...joinRows, ...parentRows]));
describe("volumes", () => compare("volumes", volumeRows));

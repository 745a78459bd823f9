/**
 * The same cases for every pair of engine and client: Debian's dockerd proves the cases (`npm run reference`), ours must
 * give the same. See target.ts for how to run only some pairs.
 */
import { afterAll, afterEach, beforeAll, describe, setDefaultTimeout } from "bun:test";
import { apiCases } from "./cases/api.ts";
import { attachCases } from "./cases/attach.ts";
import { configurationCases } from "./cases/configuration.ts";
import { eventCases } from "./cases/events.ts";
import { deviceCases } from "./cases/devices.ts";
import { fieldCases } from "./cases/fields.ts";
import { healthCases } from "./cases/health.ts";
import { fileCases } from "./cases/files.ts";
import { imageCases } from "./cases/images.ts";
import { imageParentCases } from "./cases/image-parents.ts";
import { imageRowCases } from "./cases/image-rows.ts";
import { isolationCases } from "./cases/isolation.ts";
import { limitCases } from "./cases/limits.ts";
import { linkCases } from "./cases/links.ts";
import { lifecycleCases } from "./cases/lifecycle.ts";
import { logCases } from "./cases/logs.ts";
import { mountCases } from "./cases/mounts.ts";
import { networkCases } from "./cases/network.ts";
import { nameCases } from "./cases/names.ts";
import { networkCommandCases } from "./cases/network-commands.ts";
import { networkRefusalCases } from "./cases/network-refusals.ts";
import { madeNetworkCases } from "./cases/networks.ts";
import { outputCases } from "./cases/output.ts";
import { parameterCases } from "./cases/parameters.ts";
import { parentNetworkCases } from "./cases/parent-networks.ts";
import { publishingCases } from "./cases/publishing.ts";
import { resourceCases } from "./cases/resources.ts";
import { restartCases } from "./cases/restart.ts";
import { terminalCases } from "./cases/terminal.ts";
import { volumeCommandCases } from "./cases/volume-commands.ts";

import { transcriptCases } from "./cases/transcripts.ts";
import { volumeCases } from "./cases/volumes.ts";
import { verbCases } from "./cases/verbs.ts";
import { openLab, removeAll, targetNames, type Lab, type Target } from "./target.ts";

setDefaultTimeout(180_000);

let lab: Lab | undefined;

beforeAll(async () => {
  lab = await openLab({ distribution: true });
}, 300_000);

afterAll(async () => {
  await lab?.close();
}, 180_000);

for (const name of targetNames) {
  describe(name, () => {
    const target = (): Target => {
      const found = lab?.targets.find((item) => item.name === name);
      if (found === undefined) throw new Error(`target ${name} did not start`);
      return found;
    };

    afterEach(async () => {
      await removeAll(target());
    });

    outputCases(target);
    configurationCases(target);
    describe("fields", () => {
      fieldCases(target);
      linkCases(target);
      publishingCases(target);
      mountCases(target);
      deviceCases(target);
      limitCases(target);
    });
    isolationCases(target);
    describe("resources", () => resourceCases(target));
    lifecycleCases(target);
    logCases(target);
    attachCases(target);
    terminalCases(target);
    describe("volumes", () => volumeCases(target));
    describe("volume commands", () => volumeCommandCases(target));
    networkCases(target);
    describe("networks", () => madeNetworkCases(target));
    describe("parent networks", () => parentNetworkCases(target));
    networkRefusalCases(target);
    describe("names", () => nameCases(target));
    describe("network commands", () => networkCommandCases(target));
    imageCases(target);
    describe("image parents", () => imageParentCases(target));
    describe("image rows", () => imageRowCases(target));
    fileCases(target);
    apiCases(target);
    parameterCases(target);
    verbCases(target);
    eventCases(target);
    healthCases(target);
    restartCases(target);
    describe("transcripts", () => transcriptCases(target));
  });
}

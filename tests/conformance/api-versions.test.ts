/**
 * What each version of the API changed, asked by clients of the version before it and of it. docker 26.1 proves the rows
 * that it knows: BERTH_API_ENGINES=berth,later.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openLab, type Lab } from "./target.ts";
import { ApiAtVersion } from "./api/at-version.ts";
import { provedVersionRows } from "./api/proved-version-rows.ts";
import { readVersionRows } from "./api/read-version-rows.ts";

setDefaultTimeout(180_000);

const engines = (process.env["BERTH_API_ENGINES"] ?? "berth").split(",");
let lab: Lab | undefined;

beforeAll(async () => {
  lab = await openLab({ names: engines.map((name) => `${name}:docker`) });
}, 300_000);

afterAll(async () => {
  await lab?.close();
}, 180_000);

describe.each(engines)("%s", (name) => {
  const api = (minor: number): ApiAtVersion => {
    const target = lab?.targets.find((one) => one.name === `${name}:docker`);
    if (target === undefined) throw new Error(`${name} did not start`);
    return new ApiAtVersion(target.engine.socket, minor, target.scratch);
  };

  test.each(name === "berth" ? [...provedVersionRows, ...readVersionRows] : provedVersionRows)(
    "1.$since: $what",
    async ({ since, see, before, after }) => {
      expect({ before: await see(api(since - 1)), after: await see(api(since)) }).toEqual({ before, after });
    },
  );
});

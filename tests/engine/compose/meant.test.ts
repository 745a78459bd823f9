/** Which containers, networks and volumes a command means: those of active services, of the services named, of the file. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bmeant0", bip: "172.31.188.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const sleeping = "image: busybox, command: sleep 1000, stop_grace_period: 0s";

const listed = async (...words: readonly string[]): Promise<readonly string[]> =>
  (await side.engine.ok(...words)).trim().split("\n").toSorted();

const states = (): Promise<readonly string[]> => listed("ps", "-a", "--format", "{{.Names}} {{.State}}");

test("a service whose profile is inactive is left as it is, unless it is named", async () => {
  side.project(`services: {web: {${sleeping}}, debug: {${sleeping}, profiles: [debug]}}`);
  await side.ok("--profile", "debug", "up", "-d");
  await side.ok("stop");
  expect(await states()).toEqual(["shop-debug-1 running", "shop-web-1 exited"]);
  await side.ok("stop", "debug");
  expect(await states()).toEqual(["shop-debug-1 exited", "shop-web-1 exited"]);
  await side.ok("down");
  expect(await states()).toEqual(["shop-debug-1 exited"]);
  await side.ok("--profile", "debug", "down");
  expect(await states()).toEqual([""]);
});

test("down -v takes the volumes of the file, and of the project's all that no file names only without one", async () => {
  const service = `services: {web: {${sleeping}, volumes: ["data:/data"]}}`;
  side.project(`${service}\nvolumes: {data: {}, spare: {}}`);
  await side.ok("--all-resources", "up", "-d");
  side.project(`${service}\nvolumes: {data: {}}`);
  await side.ok("down", "-v");
  const volumes = (): Promise<readonly string[]> => listed("volume", "ls", "-q");
  expect(await volumes()).toEqual(["shop_spare"]);
  await side.ok("-p", "shop", "down", "-v");
  expect(await volumes()).toEqual([""]);
});

test("up SERVICE stays with that one, and leaves running what it depends on", async () => {
  side.project(
    `services: {job: {image: busybox, command: echo done, depends_on: [db]}, db: {${sleeping.replace("sleep 1000", "sh -c 'echo mine; exec sleep 1000'")}}}`,
  );
  const { code, stdout } = await side.compose("up", "job");
  expect([code, stdout]).toEqual([0, "Attaching to job-1\njob-1  | done\njob-1 exited with code 0\n"]);
  expect(await states()).toEqual(["shop-db-1 running", "shop-job-1 exited"]);
});

test("--abort-on-container-exit ends with the code of the one that ended first", async () => {
  side.project(`services: {fails: {image: busybox, command: sh -c 'exit 3'}, stays: {${sleeping}}}`);
  const { code, stderr } = await side.compose("up", "--abort-on-container-exit");
  expect([code, stderr]).toEqual([3, expect.stringContaining("Aborting on container exit...\n")]);
  expect(await states()).toEqual(["shop-fails-1 exited", "shop-stays-1 exited"]);
});

test("create refuses flags that exclude each other", async () => {
  side.project(`services: {web: {${sleeping}}}`);
  expect(await side.compose("create", "--build", "--no-build")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--build and --no-build are incompatible"),
  });
  expect(await side.compose("create", "--pull", "nonsense")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('invalid --pull option "nonsense"'),
  });
  expect(await states()).toEqual([""]);
});

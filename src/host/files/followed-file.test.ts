import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FollowedFile } from "./followed-file.ts";

let folder: string;
let followed: FollowedFile | undefined;
let wake = (): void => {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "followed-file-"));
});
afterEach(() => {
  followed?.close();
  rmSync(folder, { recursive: true });
});

const path = (...names: readonly string[]): string => join(folder, ...names);
const text = (): string => {
  try {
    return readFileSync(path("followed"), "utf8");
  } catch {
    return "";
  }
};
const follow = (): void => {
  followed = new FollowedFile(path("followed"), () => wake());
};

/** Once the change is told, the file reads like this. */
async function tells(change: () => void, wanted: string): Promise<void> {
  const told = new Promise<void>((resolve) => {
    wake = () => {
      if (text() === wanted) resolve();
    };
  });
  change();
  await told;
}

test("tells of what is written in place and of what takes its name, time after time", async () => {
  writeFileSync(path("followed"), "1");
  follow();
  await tells(() => writeFileSync(path("followed"), "2"), "2");
  for (const round of ["3", "4"]) {
    writeFileSync(path("new"), round);
    await tells(() => renameSync(path("new"), path("followed")), round);
    await tells(() => writeFileSync(path("followed"), `${round} in place`), `${round} in place`);
  }
  await tells(() => rmSync(path("followed")), "");
  await tells(() => writeFileSync(path("followed"), "5"), "5");
});

test("follows links, to where they lead by then", async () => {
  mkdirSync(path("run"));
  writeFileSync(path("run", "one"), "1");
  symlinkSync("run/one", path("middle"));
  symlinkSync(path("middle"), path("followed"));
  follow();
  await tells(() => writeFileSync(path("run", "one"), "2"), "2");
  writeFileSync(path("run", "two"), "3");
  symlinkSync("run/two", path("other"));
  await tells(() => renameSync(path("other"), path("middle")), "3");
  await tells(() => writeFileSync(path("run", "two"), "4"), "4");
});

test("waits for folders that are not there yet, or not there any more", async () => {
  symlinkSync("run/service/file", path("followed"));
  follow();
  const come = (content: string): void => {
    mkdirSync(path("run", "service"), { recursive: true });
    writeFileSync(path("run", "service", "file"), content);
  };
  await tells(() => come("1"), "1");
  await tells(() => rmSync(path("run"), { recursive: true }), "");
  await tells(() => come("2"), "2");
});

test("sees a file that is changed under another name", async () => {
  mkdirSync(path("elsewhere"));
  writeFileSync(path("elsewhere", "file"), "1");
  linkSync(path("elsewhere", "file"), path("followed"));
  follow();
  await tells(() => writeFileSync(path("elsewhere", "file"), "2"), "2");
});

test("tells nothing after it was closed", async () => {
  writeFileSync(path("followed"), "1");
  follow();
  const other = new FollowedFile(path("followed"), () => expect.unreachable());
  other.close();
  await tells(() => writeFileSync(path("followed"), "2"), "2");
});

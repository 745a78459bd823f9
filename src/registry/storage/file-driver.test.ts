import { expect } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { storageDriverSuite } from "./driver.suite.ts";
import { FileDriver } from "./file-driver.ts";

storageDriverSuite("FileDriver", () => {
  const root = mkdtempSync(`${tmpdir()}/berth-registry-files-`);
  const driver = new FileDriver(root);
  return Promise.resolve({
    driver,
    damage: (digest) => {
      writeFileSync(driver.localPath(digest), "rotten");
      utimesSync(driver.localPath(digest), 1, 1);
      return Promise.resolve();
    },
    close: () => {
      const uploads = readdirSync(`${root}/uploads`);
      rmSync(root, { recursive: true });
      expect(uploads).toEqual([]);
      return Promise.resolve();
    },
  });
});

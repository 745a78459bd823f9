import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalSettings } from "./local-settings.ts";

test("a project id is given once, though the volume is still in the making", () => {
  const volumesDir = mkdtempSync(join(tmpdir(), "settings-"));
  const volumeDir = (name: string): string => join(volumesDir, name);
  const paths = {
    volumesDir,
    volumeDir,
    volumeSettings: (name: string) => join(volumeDir(name), "settings.json"),
  };
  try {
    const settings = new LocalSettings(paths);
    const [first, second] = [settings.freeProjectId(), settings.freeProjectId()];
    expect(second).not.toBe(first);
    mkdirSync(volumeDir("v"));
    settings.write(volumeDir("v"), {
      labels: {},
      options: {},
      createdAtNs: 1n,
      locked: false,
      projectId: second + 5,
    });
    expect(settings.freeProjectId()).toBeGreaterThan(second + 5);
    // An engine that begins anew.
    expect(new LocalSettings(paths).freeProjectId()).toBeGreaterThan(second + 5);
  } finally {
    rmSync(volumesDir, { recursive: true });
  }
});

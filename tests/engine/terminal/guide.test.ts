/** The guide, typed from its first line to its last as a newcomer does, in a window: every line does what is said of it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../../../tools/lab/paths.ts";
import type { TmuxWindow } from "../../../tools/lab/tmux.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";
import { inWindow } from "./window.ts";

setDefaultTimeout(180_000);

interface Block {
  /** Of the fence; of commands none. */
  readonly language: string;
  readonly text: string;
}

const guide = readFileSync(join(projectDir, "docs/guide.md"), "utf8");
const blocks = [...guide.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]): Block => ({
  language,
  text,
}));
const FILES: Readonly<Record<string, string>> = {
  html: "index.html",
  dockerfile: "Dockerfile",
  yaml: "compose.yaml",
};

/** The images of the guide, as far as it uses them: with what they insist on. */
const IMAGES: Readonly<Record<string, string>> = {
  nginx:
    'FROM busybox\nSTOPSIGNAL KILL\nRUN mkdir -p /usr/share/nginx/html\nCMD ["sh", "-c", "echo ready; exec httpd -f -h /usr/share/nginx/html"]\n',
  "postgres:17":
    'FROM busybox\nSTOPSIGNAL KILL\nVOLUME /var/lib/postgresql/data\nCMD ["sh", "-c", "echo ${POSTGRES_PASSWORD:?}; exec httpd -f -p 5432"]\n',
};

let engine: BusyboxEngine;
let folder = "";

beforeAll(async () => {
  // A proxy that is not there: nothing is pulled from elsewhere, wherever the test runs.
  engine = await BusyboxEngine.open({
    bridge: "bgui0",
    bip: "172.31.226.1/24",
    env: { HTTPS_PROXY: "http://127.0.0.1:1" },
  });
  for (const [name, dockerfile] of Object.entries(IMAGES)) {
    const context = join(engine.dir, `image-${name.replace(":", "-")}`);
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), dockerfile);
    await engine.ok("build", "-q", "-t", name, context);
  }
  folder = join(engine.dir, "app");
  mkdirSync(folder);
  // The other machine of the guide is this one.
  writeFileSync(join(engine.dir, "ssh"), `#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n`, { mode: 0o755 });
}, 180_000);
afterAll(() => engine.close());

/** What a person does who has typed such a line, until the next may be typed. */
async function afterwards(line: string, window: TmuxWindow): Promise<void> {
  if (/ logs -f\b/.test(line)) {
    await window.shows("ready");
    await window.press("C-c");
    await window.endsWith(130);
  } else if (/ exec -it /.test(line)) {
    await window.shows(/# $|#$/);
    await window.enter("exit");
    await window.endsWith(0);
  } else if (/ login /.test(line)) {
    await window.shows("Username:");
    await window.enter("me");
    await window.shows("Password:");
    await window.enter("secret");
    await window.endsWith(0);
  } else await window.endsWith(0);
}

/** What has to be seen behind a line, by its first words. */
const SEEN: Readonly<Record<string, string | RegExp>> = {
  "berth run --rm busybox echo": "\nhello\n",
  "berth ps": /\bnginx\b.*0\.0\.0\.0:8080->80\/tcp.*\bweb\b/,
  "berth volume ls": /^local +data$/m,
  "berth run --rm --network shop busybox ping": "1 packets received",
  "berth build --check": "no warnings found",
  wget: "\nHello from a container\n",
  "berth compose ps": /app-web-1[^]*app-db-1|app-db-1[^]*app-web-1/,
};

test("the guide has files and commands, and what is looked for is in it", () => {
  const lines = blocks.filter(({ language }) => language === "").flatMap(({ text }) => text.trim().split("\n"));
  expect(lines.length).toBeGreaterThan(25);
  for (const words of Object.keys(SEEN)) expect(lines.some((line) => line.startsWith(words))).toBe(true);
  for (const { language } of blocks) expect(["", ...Object.keys(FILES)]).toContain(language);
});

test("typed in its order", async () => {
  await inWindow(engine, { columns: 160, rows: 50, cwd: folder }, async (window) => {
    for (const { language, text } of blocks) {
      if (language !== "") {
        writeFileSync(join(folder, FILES[language] ?? ""), text);
        continue;
      }
      for (const line of text.trim().split("\n")) {
        await window.clear();
        await window.enter(line.replaceAll("registry.example.com", engine.registry));
        await afterwards(line, window);
        const [, wanted] = Object.entries(SEEN).find(([words]) => line.startsWith(words)) ?? [];
        if (wanted !== undefined) expect(await window.screen()).toMatch(wanted);
      }
    }
  });
  // Nothing runs any more, and what it says stays has stayed.
  expect(await engine.ok("ps", "-aq")).toBe("");
  expect((await engine.ok("volume", "ls", "-q")).split("\n")).toContain("data");
});

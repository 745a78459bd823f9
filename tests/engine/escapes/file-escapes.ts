import { expect } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Escape } from "./escape-lab.ts";

export const fileEscapes: readonly Escape[] = [
  {
    known: "CVE-2018-15664",
    what: "cp while somebody swaps folders for links",
    async attempt(lab) {
      const script = `mkdir /d; echo inside > /d/secret; while :; do mv -T /d /x; ln -s ${lab.trap} /d; rm /d; mv -T /x /d; done`;
      await lab.ok("run", "-d", "--name", "swapper", "busybox", "sh", "-c", script);
      const planted = join(lab.engine.dir, "planted");
      writeFileSync(planted, "planted");
      const seen = new Set<string>();
      for (let round = 0; round < 25; round++) {
        const out = await lab.run("cp", "swapper:/d/secret", "-");
        seen.add(/inside|no such file|could not find/i.exec(out.stdout + out.stderr)?.[0] ?? out.stderr);
        await lab.run("cp", planted, "swapper:/d/planted");
        await lab.run("cp", planted, "swapper:/d");
      }
      expect([...seen]).toContain("inside");
    },
  },
  {
    known: "CVE-2019-14271",
    what: "libraries of a container's, loaded by what copies out of it",
    async attempt(lab) {
      const names = ["libnss_files.so.2", "libnss_compat.so.2", "libnss_dns.so.2", "libc.so.6", "libpthread.so.0"];
      const folders = ["lib/", "lib64/", "lib/x86_64-linux-gnu/", "usr/lib/x86_64-linux-gnu/"];
      const entries = folders.flatMap((folder) =>
        names.map((name) => ({ path: `${folder}${name}`, content: "no library" })),
      );
      await lab.image("libraries", [...entries, { path: "etc/nsswitch.conf", content: "passwd: files compat dns\n" }]);
      await lab.ok("run", "-d", "--name", "loader", "libraries", "sleep", "600");
      expect(await lab.ok("cp", "loader:/etc/nsswitch.conf", "-")).toContain("files compat dns");
      expect((await lab.pipe(writeTar([{ path: "new", content: "x" }]), "cp", "-", "loader:/etc")).code).toBe(0);
      expect(await lab.ok("exec", "loader", "cat", "/etc/new")).toBe("x");
    },
  },
  {
    known: "CVE-2021-41089",
    what: "archives with links, and members that would go through them",
    async attempt(lab) {
      await lab.ok("run", "-d", "--name", "target", "busybox", "sh", "-c", `ln -s ${lab.trap} /there; sleep 600`);
      for (const link of [lab.trap, lab.wayOut, `/proc/1/root${lab.trap}`, `/proc/self/root${lab.trap}`]) {
        const through = writeTar([
          { path: "l", type: "symlink", link },
          { path: "l/", type: "directory", mode: 0o777, uid: 7, gid: 7 },
          { path: "l/secret", content: "changed", mode: 0o777 },
          { path: "l/planted", content: "planted" },
          { path: "there/", type: "directory", mode: 0o777, uid: 7, gid: 7 },
          { path: "there/planted", content: "planted" },
          { path: "hard", type: "hardlink", link: `${link}/secret` },
        ]);
        await lab.pipe(through, "cp", "-", "target:/");
        await lab.pipe(through, "cp", "-", "target:/there");
        await lab.run("cp", `target:/l/secret`, "-");
        await lab.run("cp", "-L", `target:/hard`, "-");
      }
    },
  },
  {
    known: "links at the client",
    what: "what comes out of a container is written where links lead",
    async attempt(lab) {
      const script = `mkdir -p /d/one; ln -s ${lab.trap} /d/link; ln -s ${lab.trap}/planted /d/file; echo x > /d/one/planted`;
      await lab.ok("run", "--name", "source", "busybox", "sh", "-c", script);
      const out = join(lab.engine.dir, "out");
      mkdirSync(out);
      symlinkSync(lab.trap, join(out, "one"));
      await lab.run("cp", "source:/d/.", out);
      await lab.run("cp", "source:/d/one", out);
      await lab.run("cp", "source:/d/link", join(out, "l"));
      expect(readdirSync(out)).toContain("l");
    },
  },
];

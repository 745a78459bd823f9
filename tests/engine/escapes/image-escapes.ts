import { expect } from "bun:test";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Escape } from "./escape-lab.ts";

export const imageEscapes: readonly Escape[] = [
  {
    known: "CVE-2022-23648",
    what: "volumes of an image whose contents would be taken from the host",
    async attempt(lab) {
      const target = "/volume/of/the/image";
      for (const path of [`/a/${lab.wayOut}`, `${target}/../../../../..${lab.trap}`, "/linked"]) {
        await lab.image("volumes", [{ path: "linked", type: "symlink", link: lab.trap }], [`VOLUME ${path}`]);
        const find = `find / -xdev -name secret | xargs cat; ls ${lab.trap}; cat ${lab.trap}/secret /linked/secret`;
        await lab.run("run", "--rm", "volumes", "sh", "-c", find);
      }
    },
  },
  {
    known: "CVE-2016-3697, CVE-2024-40635",
    what: "users whose numbers are names, or too large for one",
    async attempt(lab) {
      const passwd = "1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\nhuge:x:4294967296:4294967296::/:/bin/sh\n";
      await lab.image("users", [
        { path: "etc/passwd", content: passwd },
        { path: "etc/group", content: "2000:x:0:\n" },
      ]);
      expect(await lab.ok("run", "--rm", "-u", "1000:2000", "users", "sh", "-c", "id -u; id -g")).toBe("1000\n2000\n");
      for (const user of ["4294967296", "0:4294967296", "huge", "2147483648", "-1"]) {
        const { code, stdout } = await lab.run("run", "--rm", "-u", user, "users", "id", "-u");
        expect([user, code, stdout]).toEqual([user, 125, ""]);
        await lab.image("user", [], [`USER ${user}`]);
        const own = await lab.run("run", "--rm", "user", "id", "-u");
        expect([user, own.stdout]).toEqual([user, ""]);
      }
    },
  },
  {
    known: "CVE-2022-36109, CVE-2023-25173",
    what: "a group that is not among the process's, so that files refused to it are open",
    async attempt(lab) {
      const ids = (...flags: readonly string[]): Promise<string> =>
        lab.ok("run", "--rm", ...flags, "busybox", "id", "-G");
      expect(await ids("-u", "1000:2000")).toBe("2000\n");
      expect(await ids("-u", "1000:2000", "--group-add", "3000")).toBe("2000 3000\n");
    },
  },
  {
    known: "CVE-2014-6407, CVE-2014-9356, CVE-2021-32760",
    what: "layers and archives with links, and members that would go through them",
    async attempt(lab) {
      for (const link of [lab.trap, lab.wayOut, `/proc/self/cwd/${lab.wayOut}`, `/proc/1/root${lab.trap}`]) {
        const layer = writeTar([
          { path: "l", type: "symlink", link },
          { path: "l/", type: "directory", mode: 0o777, uid: 7, gid: 7 },
          { path: "l/planted", content: "planted" },
          { path: "l/.wh.secret" },
          { path: "hard", type: "hardlink", link: "l/secret" },
        ]);
        await lab.pipe(layer, "import", "-", "imported");
        await lab.run("run", "--rm", "imported", "cat", "/hard");
        const manifest = JSON.stringify([
          { Config: "c.json", RepoTags: ["loaded:1"], Layers: ["l/layer.tar", "link"] },
        ]);
        const archive = writeTar([
          { path: "l", type: "symlink", link },
          { path: "l/layer.tar", content: layer },
          { path: "link", type: "symlink", link: `${link}/secret` },
          { path: "c.json", content: '{"rootfs":{"type":"layers","diff_ids":[]}}' },
          { path: "manifest.json", content: manifest },
        ]);
        expect((await lab.pipe(archive, "load")).code).not.toBe(0);
      }
    },
  },
];

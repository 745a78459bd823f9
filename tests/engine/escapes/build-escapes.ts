import { expect } from "bun:test";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Escape } from "./escape-lab.ts";

export const buildEscapes: readonly Escape[] = [
  {
    known: "CVE-2024-21626",
    what: "WORKDIR at a descriptor of the runtime's",
    async attempt(lab) {
      for (let number = 3; number < 15; number++)
        await lab.build(["FROM busybox", `WORKDIR /proc/self/fd/${number}`, `RUN ${lab.look()}; true`]);
    },
  },
  {
    known: "CVE-2024-23651",
    what: "a cache's folder that a command made a link",
    async attempt(lab) {
      for (const link of [lab.trap, lab.wayOut, `/proc/self/cwd/${lab.wayOut}`]) {
        const { code } = await lab.build([
          "FROM busybox",
          `RUN --mount=type=cache,id=shared,target=/c rm -rf /c/* && ln -s ${link} /c/way`,
          `RUN --mount=type=cache,id=shared,source=way,target=/m ${lab.look("/m")}; true`,
        ]);
        expect([0, 1]).toContain(code);
      }
    },
  },
  {
    known: "CVE-2024-23652",
    what: "mount points that are taken away where a command put links",
    async attempt(lab) {
      for (const type of ["cache", "tmpfs", "bind,from=busybox"]) {
        await lab.build([
          "FROM busybox",
          `RUN --mount=type=${type},target=/a/below mv /a /z && ln -s ${lab.trap} /a; ls -l /`,
          `RUN --mount=type=${type},target=/b/below rm -rf /b; mv /b /y; ln -s ${lab.wayOut} /b; true`,
        ]);
      }
    },
  },
  {
    known: "CVE-2024-23653",
    what: "a command with the machine's rights that nobody allowed",
    async attempt(lab) {
      const { code, stderr } = await lab.build(["FROM busybox", "RUN --security=insecure true"]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("security.insecure is not allowed")]);
    },
  },
  {
    known: "CVE-2019-16884",
    what: "mounts of commands over and in /proc",
    async attempt(lab) {
      for (const mount of ["type=bind,from=busybox,rw", "type=cache"])
        for (const target of ["/proc", "/proc/sys", "/./proc/self"]) {
          const { code, stderr } = await lab.build(["FROM busybox", `RUN --mount=${mount},target=${target} true`]);
          expect([mount, target, code, stderr]).toEqual([
            ...[mount, target, 1],
            expect.stringContaining("cannot be mounted because it is"),
          ]);
        }
    },
  },
  {
    known: "links of contexts, stages and archives",
    what: "COPY, ADD and binds that go through them",
    async attempt(lab) {
      const archive = writeTar([
        { path: "l", type: "symlink", link: lab.trap },
        { path: "l/planted", content: "planted" },
        { path: "l/", type: "directory", mode: 0o777 },
      ]);
      const links = { out: lab.trap, up: lab.wayOut, file: `${lab.trap}/secret` };
      for (const line of [
        "COPY out/secret /x",
        "COPY up/secret /x",
        "COPY file /x",
        "COPY --parents out/./secret /x/",
        "RUN --mount=type=bind,source=out,target=/m cat /m/secret",
        "RUN --mount=type=bind,source=up/secret,target=/m cat /m",
        "RUN --mount=type=bind,target=/m cat /m/out/secret /m/file",
        "ADD over.tar /",
        "COPY . /all/",
        `RUN ln -s ${lab.trap} /there\nCOPY Dockerfile /there/planted`,
        `RUN ln -s ${lab.wayOut} /there\nWORKDIR /there/planted`,
      ])
        await lab.build(["FROM busybox", line, "RUN cat /x /all/*/secret /all/file; true"], {
          links,
          files: { "over.tar": archive },
        });
      const stage = `FROM busybox AS one\nRUN ln -s ${lab.trap} /l; ln -s ${lab.wayOut} /u`;
      for (const from of ["/l/secret", "/u/secret", "/l/", `/proc/self/root${lab.trap}/secret`])
        expect((await lab.build([stage, "FROM busybox", `COPY --from=one ${from} /x/`, "RUN cat /x/*"])).code).toBe(1);
    },
  },
  {
    known: "targets of mounts",
    what: "secrets and folders of commands that would be mounted outside",
    async attempt(lab) {
      const args = ["--secret", "id=s,env=PATH"];
      for (const target of [`/run/${lab.wayOut}/planted`, "/way/planted", "/up/planted"])
        for (const mount of ["type=secret,id=s", "type=cache", "type=tmpfs"])
          await lab.build(
            [
              "FROM busybox",
              `RUN ln -s ${lab.trap} /way && ln -s ${lab.wayOut} /up`,
              `RUN --mount=${mount},target=${target} true`,
            ],
            { args },
          );
    },
  },
];

import { expect, test } from "bun:test";
import { SystemClock } from "../program/clock.ts";
import { KernelOomKills, parseOomKills } from "./kernel-log.ts";

test("a kill is put together of the two records that tell of it", () => {
  const lines = [
    "6,100,1000,-;eth0: link up\n SUBSYSTEM=net",
    "6,101,2000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/berth/ab,task_memcg=/berth/ab,task=tail,pid=77,uid=0",
    "3,102,2000001,c;Memory cgroup out of memory: Killed process 77 (tail) total-vm:100kB, anon-rss:15000kB, file-rss:8kB, shmem-rss:4kB, UID:0 pgtables:72kB oom_score_adj:0",
    "3,103,3000000,-;Out of memory: Killed process 78 (odd (name)) total-vm:100kB, anon-rss:1kB, file-rss:2kB",
    "garbage",
  ];
  expect(parseOomKills(lines)).toEqual([
    { pid: 77, name: "tail", residentBytes: 15_012 * 1024, cgroup: "/berth/ab", sinceBootNs: 2_000_001_000n },
    { pid: 78, name: "odd (name)", residentBytes: 3 * 1024, cgroup: "", sinceBootNs: 3_000_000_000n },
  ]);
});

test("nothing has been killed in the future", () => {
  const clock = new SystemClock();
  expect(new KernelOomKills({ clock }).since(clock.nowNs() + 60_000_000_000n)).toEqual([]);
});

import { expect, test } from "bun:test";
import { hasProjectQuota } from "./project-quota.ts";

const mountinfo = (options: string): string => `22 1 8:1 / / rw shared:1 - ext4 /dev/sda rw
30 22 8:2 / ${import.meta.dirname} rw - xfs /dev/sdb ${options}
31 22 8:3 / /elsewhere rw - xfs /dev/sdc rw,pquota
`;

test("the nearest mount counts", () => {
  expect(hasProjectQuota(import.meta.dirname, mountinfo("rw,noquota"))).toBe(false);
  expect(hasProjectQuota(import.meta.path, mountinfo("rw,attr2,prjquota"))).toBe(true);
  expect(hasProjectQuota("/", mountinfo("rw,pquota"))).toBe(false);
});

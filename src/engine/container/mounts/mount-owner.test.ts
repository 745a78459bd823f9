import { expect, test } from "bun:test";
import { MAX_ID, mountOwner, ownerMaps } from "./mount-owner.ts";

const text = (maps: readonly { containerID: number; hostID: number; size: number }[]): string =>
  maps.map(({ containerID, hostID, size }) => `${containerID}>${hostID}+${size}`).join(" ");

test("two ids change places, all others stay", () => {
  const { uid, gid } = ownerMaps({ uid: 1000, gid: undefined }, { uid: 0, gid: 5 });
  expect(text(uid)).toBe(`0>1000+1 1>1+999 1000>0+1 1001>1001+${MAX_ID - 1000}`);
  expect(text(gid)).toBe(`0>0+${MAX_ID + 1}`);
  expect(text(ownerMaps({ uid: 3, gid: 4 }, { uid: 2, gid: 9 }).uid)).toBe(`0>0+2 2>3+1 3>2+1 4>4+${MAX_ID - 3}`);
  expect(text(ownerMaps({ uid: MAX_ID, gid: 0 }, { uid: 0, gid: 0 }).uid)).toBe(
    `0>${MAX_ID}+1 1>1+${MAX_ID - 1} ${MAX_ID}>0+1`,
  );
});

test("nothing asked for is nothing", () => {
  expect(mountOwner(undefined, undefined)).toBeUndefined();
  expect(mountOwner(0, undefined)).toEqual({ uid: 0, gid: undefined });
});

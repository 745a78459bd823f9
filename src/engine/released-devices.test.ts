import { expect, test } from "bun:test";
import type { BlockIo } from "#spec/oci/runtime.ts";
import { withReleasedDevices } from "./released-devices.ts";

const [sda, sdb] = [
  { major: 8, minor: 0 },
  { major: 8, minor: 16 },
];

test.each<[old: BlockIo | undefined, wanted: BlockIo | undefined, given: BlockIo | undefined]>([
  [undefined, undefined, undefined],
  [undefined, { weight: 5 }, { weight: 5 }],
  [{ throttleReadBpsDevice: [{ ...sda, rate: 1 }] }, undefined, { throttleReadBpsDevice: [{ ...sda, rate: 0 }] }],
  [
    { throttleReadBpsDevice: [{ ...sda, rate: 1 }], throttleWriteIOPSDevice: [{ ...sda, rate: 4 }] },
    { throttleReadBpsDevice: [{ ...sdb, rate: 2 }], throttleWriteIOPSDevice: [{ ...sda, rate: 5 }] },
    {
      throttleReadBpsDevice: [
        { ...sda, rate: 0 },
        { ...sdb, rate: 2 },
      ],
      throttleWriteIOPSDevice: [{ ...sda, rate: 5 }],
    },
  ],
  [
    { weightDevice: [{ ...sda, weight: 100 }] },
    { weight: 300 },
    { weight: 300, weightDevice: [{ ...sda, weight: 0 }] },
  ],
])("from %j to %j the kernel is told %j", (old, wanted, given) => {
  expect(withReleasedDevices(old, wanted)).toEqual(given);
});

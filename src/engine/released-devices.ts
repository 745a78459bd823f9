import type { BlockIo } from "#spec/oci/runtime.ts";

const throttles = [
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
] as const;

/** `wanted`, in which the devices that only `old` limits are set free: the kernel keeps what it is not told again. */
export function withReleasedDevices(old: BlockIo | undefined, wanted: BlockIo | undefined): BlockIo | undefined {
  const released: { -readonly [Name in keyof BlockIo]: BlockIo[Name] } = {};
  for (const name of throttles) {
    const gone = missing(old?.[name], wanted?.[name]).map(({ major, minor }) => ({ major, minor, rate: 0 }));
    if (gone.length > 0) released[name] = [...gone, ...(wanted?.[name] ?? [])];
  }
  const weightless = missing(old?.weightDevice, wanted?.weightDevice).map(({ major, minor }) => ({
    major,
    minor,
    weight: 0,
  }));
  if (weightless.length > 0) released.weightDevice = [...weightless, ...(wanted?.weightDevice ?? [])];
  return Object.keys(released).length === 0 ? wanted : { ...wanted, ...released };
}

interface Numbered {
  readonly major: number;
  readonly minor: number;
}

function missing<T extends Numbered>(old: readonly T[] | undefined, wanted: readonly T[] | undefined): readonly T[] {
  const kept = new Set((wanted ?? []).map(({ major, minor }) => `${major}:${minor}`));
  return (old ?? []).filter(({ major, minor }) => !kept.has(`${major}:${minor}`));
}

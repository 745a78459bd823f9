import { closeSync, constants, openSync } from "node:fs";
import { BerthError, messageOf } from "#base/errors.ts";
import { loadProgram } from "#host/bpf/objects.ts";
import { bpf } from "#host/kernel/syscalls.ts";

/** bpf(2) commands and numbers of linux/bpf.h. */
const command = { progAttach: 8, progDetach: 9, progGetFdById: 13, progQuery: 16 } as const;
const progTypeCgroupDevice = 15;
const attachCgroupDevice = 6;
const allowMulti = 2;

/**
 * Make `program` the only device program of the cgroup v2 `directory`. It is attached beside the old ones before they go,
 * so that there is no moment without a filter. The kernel keeps it until the cgroup is removed.
 */
export function attachDeviceProgram(directory: string, program: Uint8Array): void {
  const group = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  let fd = -1;
  try {
    const old = attachedPrograms(group);
    fd = loadProgram(progTypeCgroupDevice, attachCgroupDevice, program);
    const attributes = attachAttributes(group, fd);
    attributes.setUint32(12, allowMulti, true);
    bpf(command.progAttach, bytesOf(attributes));
    for (const id of old) detach(group, id);
  } catch (error) {
    throw new BerthError("unavailable", `cannot set the device allow-list of ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    if (fd >= 0) closeSync(fd);
    closeSync(group);
  }
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function attachAttributes(group: number, program: number): DataView {
  const attributes = new DataView(new ArrayBuffer(16));
  attributes.setUint32(0, group, true);
  attributes.setUint32(4, program, true);
  attributes.setUint32(8, attachCgroupDevice, true);
  return attributes;
}

function attachedPrograms(group: number): readonly number[] {
  const ids = new Uint32Array(64);
  const attributes = new DataView(new ArrayBuffer(32));
  attributes.setUint32(0, group, true);
  attributes.setUint32(4, attachCgroupDevice, true);
  attributes.setUint32(24, ids.length, true);
  const bytes = bytesOf(attributes);
  bpf(command.progQuery, bytes, [[16, new Uint8Array(ids.buffer)]]);
  return [...ids.subarray(0, attributes.getUint32(24, true))];
}

function detach(group: number, id: number): void {
  const attributes = new DataView(new ArrayBuffer(16));
  attributes.setUint32(0, id, true);
  const fd = bpf(command.progGetFdById, bytesOf(attributes));
  try {
    bpf(command.progDetach, bytesOf(attachAttributes(group, fd)));
  } finally {
    closeSync(fd);
  }
}

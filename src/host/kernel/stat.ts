/** statx(2) of one file. Times are seconds and nanoseconds, because tar and utimensat(2) take them apart too. */
export interface FileStat {
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly ino: bigint;
  readonly size: number;
  /** Units of 512 bytes. */
  readonly blocks: number;
  readonly atimeSeconds: number;
  readonly atimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly devMajor: number;
  readonly devMinor: number;
  /** The device a device node stands for. */
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Which mount the file is on (as in /proc/self/mountinfo); 0 on kernels before 5.8. */
  readonly mountId: bigint;
  /** True at the root of a mount. */
  readonly isMountRoot: boolean;
}

export const STATX_BUFFER_BYTES = 256;
/** STATX_BASIC_STATS | STATX_MNT_ID. */
export const STATX_MASK = 0x7ff | 0x1000;
const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** Read `struct statx` (linux/stat.h). */
export function decodeStatx(view: DataView): FileStat {
  return {
    mode: view.getUint16(28, true),
    nlink: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    ino: view.getBigUint64(32, true),
    size: unsigned64(view, 40),
    blocks: unsigned64(view, 48),
    atimeSeconds: signed64(view, 64),
    atimeNanoseconds: view.getUint32(72, true),
    ctimeSeconds: signed64(view, 96),
    ctimeNanoseconds: view.getUint32(104, true),
    mtimeSeconds: signed64(view, 112),
    mtimeNanoseconds: view.getUint32(120, true),
    rdevMajor: view.getUint32(128, true),
    rdevMinor: view.getUint32(132, true),
    devMajor: view.getUint32(136, true),
    devMinor: view.getUint32(140, true),
    mountId: view.getBigUint64(144, true),
    isMountRoot: (view.getUint32(8, true) & STATX_ATTR_MOUNT_ROOT) !== 0,
  };
}

function unsigned64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

function signed64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getInt32(offset + 4, true) * 2 ** 32;
}

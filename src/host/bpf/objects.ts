import {
  BPF_BTF_LOAD,
  BPF_F_NO_PREALLOC,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_UPDATE_ELEM,
  BPF_PROG_LOAD,
} from "../kernel/linux.ts";
import { bpf, close } from "../kernel/syscalls.ts";
import { arrayOfWords } from "./type-format.ts";

/** bpf(2), whose structures are `union bpf_attr` of linux/bpf.h. What is made here ends with its last descriptor. */

/** A program's descriptor. */
export function loadProgram(type: number, attachType: number, program: Uint8Array): number {
  const attributes = words(72, [
    [0, type],
    [4, program.length / 8],
    [68, attachType],
  ]);
  return bpf(BPF_PROG_LOAD, attributes, [
    [8, program],
    [16, new TextEncoder().encode("Apache-2.0\0")],
  ]);
}

/** Let `program` run for a control group and those below it, beside others' programs, until the descriptor is closed. */
export function linkToGroup(group: number, program: number, attachType: number): number {
  const attributes = words(16, [
    [0, program],
    [4, group],
    [8, attachType],
  ]);
  return bpf(BPF_LINK_CREATE, attributes);
}

/** Elements of a fixed size, found by a key of a fixed size. */
export class HashMap implements Disposable {
  readonly fd: number;

  constructor(sizes: { readonly keyBytes: number; readonly valueBytes: number; readonly mostElements: number }) {
    this.fd = bpf(
      BPF_MAP_CREATE,
      words(72, [
        [0, BPF_MAP_TYPE_HASH],
        [4, sizes.keyBytes],
        [8, sizes.valueBytes],
        [12, sizes.mostElements],
        [16, BPF_F_NO_PREALLOC],
      ]),
    );
  }

  /** Takes the place of what is there. SyscallError E2BIG when the map is full. */
  put(key: Uint8Array, value: Uint8Array): void {
    bpf(BPF_MAP_UPDATE_ELEM, words(32, [[0, this.fd]]), [
      [8, key],
      [16, value],
    ]);
  }

  /** SyscallError ENOENT when it is not there. */
  delete(key: Uint8Array): void {
    bpf(BPF_MAP_DELETE_ELEM, words(32, [[0, this.fd]]), [[8, key]]);
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

/** What programs keep of single sockets, each for as long as the socket: `wordCount` numbers of 32 bits. A descriptor. */
export function createSocketStorage(wordCount: number): number {
  const types = arrayOfWords(wordCount);
  const typesFd = bpf(BPF_BTF_LOAD, words(28, [[16, types.bytes.length]]), [[0, types.bytes]]);
  try {
    return bpf(
      BPF_MAP_CREATE,
      words(72, [
        [0, BPF_MAP_TYPE_SK_STORAGE],
        [4, 4],
        [8, wordCount * 4],
        [16, BPF_F_NO_PREALLOC],
        [48, typesFd],
        [52, types.wordId],
        [56, types.arrayId],
      ]),
    );
  } finally {
    close(typesFd);
  }
}

function words(size: number, values: readonly (readonly [offset: number, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  for (const [offset, value] of values) view.setUint32(offset, value, true);
  return new Uint8Array(view.buffer);
}

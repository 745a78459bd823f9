import { viewOf } from "#base/data-view.ts";
/** A classic BPF interpreter for tests: what the kernel would answer for one system call. */
export interface Call {
  readonly auditArch: number;
  readonly nr: number;
  readonly args?: readonly (number | bigint)[];
}

export function evaluate(program: Uint8Array, call: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.nr >>> 0, true);
  data.setUint32(4, call.auditArch, true);
  (call.args ?? []).forEach((value, index) =>
    data.setBigUint64(16 + index * 8, BigInt.asUintN(64, BigInt(value)), true),
  );
  const code = viewOf(program);
  let a = 0;
  for (let pc = 0; pc < program.byteLength / 8; pc++) {
    const op = code.getUint16(pc * 8, true);
    const k = code.getUint32(pc * 8 + 4, true);
    const jump = (truth: boolean): number => code.getUint8(pc * 8 + (truth ? 2 : 3));
    switch (op) {
      case 0x20:
        if (k % 4 !== 0 || k > 60) throw new Error(`bad load at ${String(pc)}`);
        a = data.getUint32(k, true);
        break;
      case 0x54:
        a = (a & k) >>> 0;
        break;
      case 0x05:
        pc += k;
        break;
      case 0x15:
        pc += jump(a === k);
        break;
      case 0x25:
        pc += jump(a > k);
        break;
      case 0x35:
        pc += jump(a >= k);
        break;
      case 0x45:
        pc += jump((a & k) !== 0);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`unknown BPF instruction 0x${op.toString(16)} at ${String(pc)}`);
    }
  }
  throw new Error("the program ran off its end");
}

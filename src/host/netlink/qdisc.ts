import { NLM_F_CREATE, NLM_F_REPLACE, type NetlinkRequest } from "./message.ts";
import { NetlinkWriter } from "./writer.ts";

/** Queueing disciplines of interfaces as requests (tc(8), linux/rtnetlink.h, linux/pkt_sched.h): pure. */
const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;
const TC_H_ROOT = 0xffffffff;
/** 1: */
const HANDLE = 0x10000;
/** Packets are reckoned by their length, without a table made by the caller. */
const TC_LINKLAYER_ETHERNET = 1;

export interface TokenBucket {
  readonly bytesPerSecond: number;
  /** What may leave at once. */
  readonly burstBytes: number;
  /** What may wait; the rest is dropped. */
  readonly queueBytes: number;
}

/** Let an interface send no faster (tc-tbf(8)), in place of what limited it before. */
export function setTokenBucket(linkIndex: number, bucket: TokenBucket): NetlinkRequest {
  const writer = qdiscHeader(linkIndex, HANDLE).attributeString(TCA_KIND, "tbf");
  writer.nested(TCA_OPTIONS, (options) => {
    options.attribute(TCA_TBF_PARMS, parameters(bucket)).attributeU32(TCA_TBF_BURST, bucket.burstBytes);
    if (bucket.bytesPerSecond > 0xffffffff) options.attributeU64(TCA_TBF_RATE64, BigInt(bucket.bytesPerSecond));
  });
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return { type: RTM_NEWQDISC, flags, payload: writer.finish(), what: `limit link ${linkIndex}` };
}

/** Fails with ENOENT where nothing was set. */
export function clearQdisc(linkIndex: number): NetlinkRequest {
  const payload = qdiscHeader(linkIndex, 0).finish();
  return { type: RTM_DELQDISC, flags: 0, payload, what: `unlimit link ${linkIndex}` };
}

/** struct tcmsg. */
function qdiscHeader(linkIndex: number, handle: number): NetlinkWriter {
  return new NetlinkWriter().u32(0).u32(linkIndex).u32(handle).u32(TC_H_ROOT).u32(0);
}

/** struct tc_tbf_qopt: two struct tc_ratespec (rate and peak rate), limit, buffer, mtu. */
function parameters({ bytesPerSecond, queueBytes }: TokenBucket): Uint8Array {
  const rate = Math.min(bytesPerSecond, 0xffffffff);
  return new NetlinkWriter(36)
    .bytes(Uint8Array.of(0, TC_LINKLAYER_ETHERNET, 0, 0, 0, 0, 0, 0))
    .u32(rate)
    .bytes(new Uint8Array(12))
    .u32(queueBytes)
    .u32(0)
    .u32(0)
    .finish();
}

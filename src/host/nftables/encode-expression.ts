import type { NetlinkWriter } from "../netlink/writer.ts";
import { cmpOps, ctKeys, metaKeys, payloadBases, type Expression, type Slot, type Verdict } from "./expression.ts";

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;
const NFT_REG_VERDICT = 0;
const NFT_REG32_00 = 8;

const verdictCodes = { drop: 0, accept: 1, continue: -1, jump: -3, goto: -4, return: -5 } as const;

/** The list of a rule's expressions: one NFTA_LIST_ELEM {name, data} each. */
export function writeExpressions(writer: NetlinkWriter, expressions: readonly Expression[]): void {
  for (const expression of expressions) {
    writer.nested(NFTA_LIST_ELEM, () => {
      writer.attributeString(NFTA_EXPR_NAME, nameOf(expression));
      writer.nested(NFTA_EXPR_DATA, () => writeData(writer, expression));
    });
  }
}

/** struct nft_data as attribute `type`: a value. */
export function writeValue(writer: NetlinkWriter, type: number, value: Uint8Array): void {
  writer.nested(type, () => writer.attribute(NFTA_DATA_VALUE, value));
}

/** struct nft_data as attribute `type`: a verdict. */
export function writeVerdict(writer: NetlinkWriter, type: number, verdict: Verdict): void {
  writer.nested(type, () => {
    writer.nested(NFTA_DATA_VERDICT, () => {
      writer.attributeBe32(NFTA_VERDICT_CODE, verdictCodes[verdict.code]);
      if ("chain" in verdict) writer.attributeString(NFTA_VERDICT_CHAIN, verdict.chain);
    });
  });
}

/** Names of expressions in the kernel, where they are not those of their kind here. */
const kernelNames: Readonly<Partial<Record<Expression["kind"], string>>> = {
  verdict: "immediate",
  originalPort: "ct",
  setMark: "meta",
  dnat: "nat",
  snat: "nat",
  masquerade: "masq",
  redirect: "redir",
  limitOver: "limit",
};

function nameOf({ kind }: Expression): string {
  return kernelNames[kind] ?? kind;
}

function register(slot: Slot): number {
  return NFT_REG32_00 + slot;
}

function writeData(writer: NetlinkWriter, expression: Expression): void {
  switch (expression.kind) {
    case "meta":
      // NFTA_META_DREG 1, NFTA_META_KEY 2
      writer.attributeBe32(2, metaKeys[expression.key]).attributeBe32(1, register(expression.into));
      return;
    case "setMark":
      // NFTA_META_KEY 2, NFTA_META_SREG 3
      writer.attributeBe32(2, metaKeys.mark).attributeBe32(3, register(expression.from));
      return;
    case "payload":
      // NFTA_PAYLOAD_DREG 1, _BASE 2, _OFFSET 3, _LEN 4
      writer
        .attributeBe32(1, register(expression.into))
        .attributeBe32(2, payloadBases[expression.base])
        .attributeBe32(3, expression.offset)
        .attributeBe32(4, expression.length);
      return;
    case "ct":
      // NFTA_CT_DREG 1, NFTA_CT_KEY 2
      writer.attributeBe32(2, ctKeys[expression.key]).attributeBe32(1, register(expression.into));
      return;
    case "originalPort":
      // NFTA_CT_DREG 1, NFTA_CT_KEY 2 (NFT_CT_PROTO_DST 12), NFTA_CT_DIRECTION 3 (IP_CT_DIR_ORIGINAL 0)
      writer.attributeBe32(2, 12).attributeBe32(1, register(expression.into)).attributeU8(3, 0);
      return;
    case "fib":
      // NFTA_FIB_DREG 1, _RESULT 2 (NFT_FIB_RESULT_ADDRTYPE 3), _FLAGS 3 (SADDR 1, DADDR 2)
      writer
        .attributeBe32(1, register(expression.into))
        .attributeBe32(2, 3)
        .attributeBe32(3, expression.address === "saddr" ? 1 : 2);
      return;
    case "cmp":
      // NFTA_CMP_SREG 1, _OP 2, _DATA 3
      writer.attributeBe32(1, register(expression.slot)).attributeBe32(2, cmpOps[expression.op]);
      writeValue(writer, 3, expression.value);
      return;
    case "bitwise":
      // NFTA_BITWISE_SREG 1, _DREG 2, _LEN 3, _MASK 4, _XOR 5
      writer
        .attributeBe32(1, register(expression.from))
        .attributeBe32(2, register(expression.into))
        .attributeBe32(3, expression.mask.length);
      writeValue(writer, 4, expression.mask);
      writeValue(writer, 5, expression.xor);
      return;
    case "lookup":
      // NFTA_LOOKUP_SET 1, _SREG 2, _DREG 3, _FLAGS 5 (INV 1)
      writer.attributeString(1, expression.set).attributeBe32(2, register(expression.key));
      if (expression.into === "verdict") writer.attributeBe32(3, NFT_REG_VERDICT);
      else if (expression.into !== undefined) writer.attributeBe32(3, register(expression.into));
      if (expression.invert === true) writer.attributeBe32(5, 1);
      return;
    case "immediate":
      // NFTA_IMMEDIATE_DREG 1, _DATA 2
      writer.attributeBe32(1, register(expression.into));
      writeValue(writer, 2, expression.value);
      return;
    case "verdict":
      writer.attributeBe32(1, NFT_REG_VERDICT);
      writeVerdict(writer, 2, expression.verdict);
      return;
    case "counter":
      // NFTA_COUNTER_BYTES 1, _PACKETS 2
      writer.attributeBe64(1, 0n).attributeBe64(2, 0n);
      return;
    case "limitOver":
      // NFTA_LIMIT_RATE 1, _UNIT 2 (seconds), _BURST 3, _TYPE 4 (PKTS 0), _FLAGS 5 (INV 1)
      writer.attributeBe64(1, BigInt(expression.rate)).attributeBe64(2, 1n);
      writer.attributeBe32(3, expression.burst).attributeBe32(4, 0).attributeBe32(5, 1);
      return;
    case "dnat":
    case "snat":
      // NFTA_NAT_TYPE 1 (SNAT 0, DNAT 1), _FAMILY 2, _REG_ADDR_MIN 3, _REG_PROTO_MIN 5
      writer
        .attributeBe32(1, expression.kind === "snat" ? 0 : 1)
        .attributeBe32(2, expression.family === "ip" ? 2 : 10)
        .attributeBe32(3, register(expression.address));
      if (expression.port !== undefined) writer.attributeBe32(5, register(expression.port));
      return;
    case "dup":
      // NFTA_DUP_SREG_ADDR 1, NFTA_DUP_SREG_DEV 2
      writer.attributeBe32(1, register(expression.address)).attributeBe32(2, register(expression.device));
      return;
    case "masquerade":
      return;
    case "redirect":
      // NFTA_REDIR_REG_PROTO_MIN 1
      if (expression.port !== undefined) writer.attributeBe32(1, register(expression.port));
      return;
  }
}

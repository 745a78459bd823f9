import { BerthError } from "#base/errors.ts";

/** Linux signal numbers, signal(7); the same on x86 and arm. */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};
const RTMIN = 34;
const RTMAX = 64;

/** `9`, `KILL`, `SIGKILL`, `RTMIN+3`, `SIGRTMAX-1`, in any case. `invalid-parameter` otherwise. */
export function parseSignal(text: string): number {
  const invalid = new BerthError("invalid-parameter", `invalid signal: ${text}`);
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    if (number < 1 || number > RTMAX || number === 32 || number === 33) throw invalid;
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const known = numbers[name];
  if (known !== undefined) return known;
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime === null) throw invalid;
  const [, end, sign, offset = "0"] = realTime;
  if (sign !== undefined && (sign === "+") !== (end === "MIN")) throw invalid;
  const number = end === "MIN" ? RTMIN + Number(offset) : RTMAX - Number(offset);
  if (number < RTMIN || number > RTMAX) throw invalid;
  return number;
}

/** `SIGTERM` for 15; what has no name of its own is counted from the first real-time signal. */
export function signalName(number: number): string {
  const name = Object.keys(numbers).find((key) => numbers[key] === number);
  if (name !== undefined) return `SIG${name}`;
  return number >= RTMIN && number <= RTMAX ? `SIGRTMIN+${number - RTMIN}` : `signal ${number}`;
}

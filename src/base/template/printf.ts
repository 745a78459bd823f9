import { quoteGo } from "../quote-go.ts";
import { structInfo } from "./struct.ts";
import { display, displayNumber, typeName, type Value } from "./value.ts";

interface Verb {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly letter: string;
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d+)\])?(.)?/gsu;

/** Go's fmt.Sprintf for the values a template has, its complaints about wrong verbs included. */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0;
  const take = (): Value => args[next++];
  let reordered = false;
  const write = (flags: string, width?: string, precision?: string, index?: string, letter?: string): string => {
    if (letter === undefined) return "%!(NOVERB)";
    if (letter === "%") return "%";
    const wide = width === "*" ? Number(take()) : width === undefined ? undefined : Number(width);
    const exact = precision === "*" ? Number(take()) : precision === undefined ? undefined : Number(precision || "0");
    if (index !== undefined) {
      reordered = true;
      next = Number(index) - 1;
      if (next < 0 || next >= args.length) return `%!${letter}(BADINDEX)`;
    }
    if (next >= args.length) return `%!${letter}(MISSING)`;
    const minus = flags.includes("-") || (wide !== undefined && wide < 0);
    const value = take();
    return formatOne(typeof value === "bigint" ? Number(value) : value, {
      minus,
      plus: flags.includes("+"),
      sharp: flags.includes("#"),
      space: flags.includes(" "),
      zero: flags.includes("0") && !minus,
      width: wide === undefined ? undefined : Math.abs(wide),
      precision: exact,
      letter,
    });
  };
  const text = format.replace(
    VERB,
    (_whole, flags: string, width?: string, precision?: string, index?: string, letter?: string) =>
      write(flags, width, precision, index, letter),
  );
  if (reordered || next >= args.length) return text;
  const extra = args
    .slice(next)
    .map((value) => (value === null || value === undefined ? "<nil>" : `${typeName(value)}=${display(value)}`));
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatOne(value: Value, verb: Verb): string {
  if (verb.letter === "T") return pad(typeName(value), verb);
  if (verb.letter === "v") return pad(plain(value, verb), verb);
  if (Array.isArray(value)) return `[${value.map((item) => formatOne(item, verb)).join(" ")}]`;
  const done = formatScalar(value, verb);
  if (done !== undefined) return done;
  const shown = value === null || value === undefined ? "<nil>" : `${typeName(value)}=${display(value)}`;
  return `%!${verb.letter}(${shown})`;
}

function formatScalar(value: Value, verb: Verb): string | undefined {
  const { letter } = verb;
  if (typeof value === "string") {
    const cut = verb.precision === undefined ? value : Array.from(value).slice(0, verb.precision).join("");
    if (letter === "s") return pad(cut, verb);
    if (letter === "q") return pad(verb.sharp && !cut.includes("`") ? `\`${cut}\`` : quoted(cut, verb), verb);
    if (letter === "x" || letter === "X") {
      const hex = Buffer.from(cut, "utf8").toString("hex");
      return pad(letter === "X" ? hex.toUpperCase() : hex, verb);
    }
    return undefined;
  }
  if (typeof value === "boolean") return letter === "t" ? pad(String(value), verb) : undefined;
  if (typeof value !== "number") return undefined;
  if (Number.isInteger(value) && "dboOxXcqU".includes(letter)) return integer(value, verb);
  if ("eEfFgG".includes(letter) && !Number.isInteger(value)) return float(value, verb);
  return undefined;
}

/** `%+q` is ASCII alone. */
function quoted(text: string, { plus }: Verb): string {
  const inQuotes = quoteGo(text);
  if (!plus) return inQuotes;
  return inQuotes.replaceAll(/[^\0-\x7f]/gu, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

function integer(value: number, verb: Verb): string {
  const { letter } = verb;
  if (letter === "c") return pad(String.fromCodePoint(value), verb);
  if (letter === "q") return pad(`'${String.fromCodePoint(value)}'`, verb);
  if (letter === "U") return pad(`U+${value.toString(16).toUpperCase().padStart(4, "0")}`, verb);
  const base = letter === "d" ? 10 : letter === "b" ? 2 : letter === "x" || letter === "X" ? 16 : 8;
  let digits = BigInt(Math.abs(value)).toString(base);
  if (letter === "X") digits = digits.toUpperCase();
  if (verb.precision !== undefined) digits = digits.padStart(verb.precision, "0");
  const prefix =
    letter === "O" ? "0o" : !verb.sharp ? "" : base === 16 ? `0${letter}` : base === 8 ? "0" : base === 2 ? "0b" : "";
  return signed(value < 0, prefix + digits, verb, verb.precision === undefined);
}

function float(value: number, verb: Verb): string {
  const size = Math.abs(value);
  const digits = verb.precision;
  const lower = verb.letter.toLowerCase();
  let text: string;
  if (lower === "f") text = size.toFixed(digits ?? 6);
  else if (lower === "e") text = exponent(size.toExponential(digits ?? 6));
  else text = digits === undefined ? displayNumber(size) : general(size, Math.max(1, digits));
  return signed(value < 0, verb.letter === "E" || verb.letter === "G" ? text.toUpperCase() : text, verb, true);
}

function general(size: number, digits: number): string {
  const power = Number(size.toExponential(digits - 1).split("e")[1]);
  if (power < -4 || power >= digits) return exponent(Number(size.toPrecision(digits)).toExponential());
  return String(Number(size.toPrecision(digits)));
}

function exponent(text: string): string {
  const [mantissa = "", power = "+0"] = text.split("e");
  return `${mantissa}e${power.startsWith("-") ? "-" : "+"}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
}

function signed(negative: boolean, digits: string, verb: Verb, mayFill: boolean): string {
  const sign = negative ? "-" : verb.plus ? "+" : verb.space ? " " : "";
  if (verb.zero && mayFill && verb.width !== undefined) return sign + digits.padStart(verb.width - sign.length, "0");
  return pad(sign + digits, { ...verb, zero: false });
}

function plain(value: Value, verb: Verb): string {
  if (typeof value === "number" && verb.plus && value >= 0) return `+${displayNumber(value)}`;
  if (verb.sharp && typeof value === "string") return quoteGo(value);
  const info = verb.plus ? structInfo(value) : undefined;
  if (info === undefined) return display(value);
  const fields = value as Readonly<Record<string, Value>>;
  return `{${info.fields.map((name) => `${name}:${plain(fields[name], verb)}`).join(" ")}}`;
}

function pad(text: string, { width, minus, zero }: Verb): string {
  if (width === undefined) return text;
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (minus) return text + " ".repeat(missing);
  return (zero ? "0" : " ").repeat(missing) + text;
}

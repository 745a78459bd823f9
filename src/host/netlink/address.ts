import { BerthError } from "#base/errors.ts";

/** Network byte order. `invalid-parameter` for anything but four decimal numbers. */
export function parseIpv4(text: string): Uint8Array {
  const parts = text.split(".");
  const bytes = Uint8Array.from(parts, Number);
  const plain =
    parts.length === 4 && parts.every((part, index) => /^\d{1,3}$/.test(part) && Number(part) === bytes[index]);
  if (!plain) throw new BerthError("invalid-parameter", `invalid IPv4 address: ${text}`);
  return bytes;
}

export function formatIpv4(bytes: Uint8Array): string {
  return bytes.subarray(0, 4).join(".");
}

/** "02:42:ac:11:00:02" as six bytes; `invalid-parameter` otherwise. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new BerthError("invalid-parameter", `invalid MAC address: ${text}`);
  }
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

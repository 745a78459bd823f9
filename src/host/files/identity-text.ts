export const BOOT_ID_PATH = "/proc/sys/kernel/random/boot_id";

/** `boot`: what {@link BOOT_ID_PATH} holds. */
export function identityText(
  boot: string,
  { dev, ino }: { readonly dev: number | bigint; readonly ino: number | bigint },
): string {
  return `${boot.trim()}:${dev}:${ino}`;
}

export function blobLock(digest: string): string {
  return `blob ${digest}`;
}

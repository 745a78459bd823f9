import { cleanPath } from "#base/absolute-path.ts";
export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** `vendor.com/class=name` (Container Device Interface): requested by name instead of mapped. */
export function isCdiDevice(device: string): boolean {
  return /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?=[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/.test(
    device,
  );
}

/** `/dev/x[:/dev/y][:rwm]`. Throws with docker's words. */
export function parseDevice(device: string): DeviceMapping {
  const [host = "", second, third, ...more] = device.split(":");
  if (more.length > 0 || host === "") throw new Error(`bad format for path: ${device}`);
  if (third !== undefined && !isMode(third)) throw new Error(`bad mode specified: ${third}`);
  const secondIsMode = third === undefined && second !== undefined && isMode(second);
  const inContainer = second === undefined || secondIsMode ? host : second;
  if (!inContainer.startsWith("/")) throw new Error(`${inContainer} is not an absolute path`);
  const cleaned = third === undefined ? cleanPath(inContainer) : inContainer;
  return {
    PathOnHost: second === undefined || secondIsMode ? cleaned : host,
    PathInContainer: cleaned,
    CgroupPermissions: third ?? (secondIsMode ? second : "rwm"),
  };
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

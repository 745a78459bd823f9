/** Tools for containers whose image has none: those of an image with a static /bin/busybox, which lies in a folder of the container. */

/** Where the tools' image is. */
export const TOOLS = "/.berth/tools";
/** Where busybox puts a link for each of its programs, to be looked for behind the image's own. */
export const APPLETS = "/.berth/bin";
export const TOOLS_BUSYBOX = `${TOOLS}/bin/busybox`;
/** PATH where nothing says another. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A script for {@link TOOLS_BUSYBOX}'s shell that makes the links and goes on with another. */
export function withApplets(script: string): string {
  return `${TOOLS_BUSYBOX} mkdir -p ${APPLETS} && ${TOOLS_BUSYBOX} --install -s ${APPLETS} && ${script}`;
}

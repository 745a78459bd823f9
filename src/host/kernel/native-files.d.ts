/** Native parts come from dist/, where the build puts them, or from inside the compiled executable. */

/** The addon, compressed by zstd, as base64 text. */
declare module "*.base64" {
  const text: string;
  export default text;
}

/** The shim, as the path of a file that `readFile` can read. */
declare module "*/berth-shim" {
  const path: string;
  export default path;
}

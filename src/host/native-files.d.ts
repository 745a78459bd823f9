/** Native parts are imported as files: the import's value is a path, of a file on disk or inside the compiled executable. */
declare module "*.so" {
  const path: string;
  export default path;
}

declare module "*/berth-shim" {
  const path: string;
  export default path;
}

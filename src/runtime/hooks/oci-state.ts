import { OCI_RUNTIME_VERSION, type OciState, type OciStatus } from "#spec/oci/runtime.ts";

/** What hooks read and `state` prints (runtime.md, "State"). A stopped container has no pid. */
export function ociState(
  container: Pick<OciState, "id" | "bundle"> & Pick<Partial<OciState>, "pid" | "annotations">,
  status: OciStatus,
): OciState {
  const { id, bundle, pid = 0, annotations = {} } = container;
  return { ociVersion: OCI_RUNTIME_VERSION, id, status, pid: status === "stopped" ? 0 : pid, bundle, annotations };
}

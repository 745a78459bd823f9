import { registryAuth } from "#cli/image/registry-auth.ts";
import { canonicalName, canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Project, Service } from "../load/project.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** The project with each image named by the digest that its registry has for it now. */
export async function pinImages(invocation: ComposeInvocation, project: Project): Promise<Project> {
  const { images } = await invocation.client();
  const pinned = async (service: Service): Promise<Service> => {
    if (service.image === undefined) return service;
    const reference = withDefaultTag(parseReference(service.image));
    if (reference.digest !== undefined) return { ...service, image: canonicalString(reference) };
    const auth = await registryAuth(invocation.config, invocation.io, reference.domain);
    const { Descriptor } = await images.distribution(`${canonicalName(reference)}:${reference.tag ?? "latest"}`, auth);
    return { ...service, image: canonicalString({ ...reference, digest: Descriptor.digest }) };
  };
  const services = await Promise.all([...project.services.values()].map(pinned));
  return { ...project, services: new Map(services.map((service) => [service.name, service])) };
}

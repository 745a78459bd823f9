import { any, flag, map, omitEmpty, slice, structure, text, time, type GoShape } from "./go-shape.ts";

/** The Go type behind `network inspect` (docker 28.2). */
export const networkShape: GoShape = structure(
  "network.Inspect",
  {
    Name: text,
    Id: text,
    Created: time,
    Scope: text,
    Driver: text,
    EnableIPv4: flag,
    EnableIPv6: flag,
    IPAM: structure("network.IPAM", {
      Driver: text,
      Options: map(text),
      Config: slice(
        structure(
          "network.IPAMConfig",
          {
            Subnet: omitEmpty(text),
            IPRange: omitEmpty(text),
            Gateway: omitEmpty(text),
            AuxiliaryAddresses: omitEmpty(map(text)),
          },
          { AuxAddress: "AuxiliaryAddresses" },
        ),
      ),
    }),
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    ConfigFrom: structure("network.ConfigReference", { Network: text }),
    ConfigOnly: flag,
    Containers: map(
      structure("network.EndpointResource", {
        Name: text,
        EndpointID: text,
        MacAddress: text,
        IPv4Address: text,
        IPv6Address: text,
      }),
    ),
    Options: map(text),
    Labels: map(text),
    Peers: omitEmpty(slice(structure("network.PeerInfo", { Name: text, IP: text }))),
    Services: omitEmpty(map(any)),
  },
  { ID: "Id" },
);

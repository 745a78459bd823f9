/** Steps that several rows have. `cc` is the container of most, `n` the network. */
export const net = (body: object): string => `POST /networks/create ${JSON.stringify({ Name: "n", ...body })}`;
export const show = "GET /networks/n";
export const given = net({ IPAM: { Config: [{ Subnet: "10.91.0.0/24" }] } });
export const create = (body: object = {}): string =>
  `POST /containers/create?name=cc ${JSON.stringify({ Image: "busybox", Cmd: ["sleep", "1000"], ...body })}`;
export const start = "POST /containers/cc/start";

import { expect, test } from "bun:test";
import { decodeCreateRequest } from "./container.ts";

const cannot = "invalid JSON: json: cannot unmarshal";

test.each([
  [[], `${cannot} array into Go value of type container.CreateRequest`],
  [{ Image: 1 }, `${cannot} number into Go struct field CreateRequest.Image of type string`],
  [{ Labels: { a: "b" }, tty: "yes" }, `${cannot} string into Go struct field CreateRequest.Tty of type bool`],
  [{ Labels: { a: "b", c: 1 } }, `${cannot} number into Go struct field CreateRequest.Labels.c of type string`],
  [
    { HostConfig: { LogConfig: { Type: "", Config: { a: "b" } }, RestartPolicy: { Name: "no" }, Memory: "1" } },
    `${cannot} string into Go struct field HostConfig.HostConfig.Memory of type int64`,
  ],
  [
    { HostConfig: { LogConfig: { Config: { a: "b" } }, RestartPolicy: { Name: false } } },
    `${cannot} bool into Go struct field RestartPolicy.HostConfig.RestartPolicy.Name of type container.RestartPolicyMode`,
  ],
  [
    { NetworkingConfig: { EndpointsConfig: { a: { Links: ["b"] }, c: { GwPriority: 1, Aliases: [2] } } } },
    `${cannot} number into Go struct field EndpointSettings.NetworkingConfig.EndpointsConfig.c.Aliases of type string`,
  ],
])("an error names its place, whatever was read before it: %j", (body, message) => {
  expect(() => decodeCreateRequest(body)).toThrow(new Error(message));
});

test("names match without regard to case, the last of several counts, and what is unknown or null is passed over", () => {
  const { config, hostConfig } = decodeCreateRequest(
    JSON.parse(
      '{"IMAGE":"a","image":"b","Cmd":null,"x":{"y":1},"__proto__":{"Tty":true},"hostCONFIG":{"MEMORY":5,"constructor":1},"Labels":{"__proto__":"c"}}',
    ),
  );
  expect(config).toMatchObject({ Image: "b", Cmd: null, Tty: false });
  expect(Object.entries(config.Labels ?? {})).toEqual([["__proto__", "c"]]);
  expect(hostConfig.Memory).toBe(5);
});

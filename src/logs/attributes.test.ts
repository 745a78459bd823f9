import { expect, test } from "bun:test";
import { attributesJson, detailsText, renderTag, selectWithTag, type LogSubject } from "./attributes.ts";

const subject: LogSubject = {
  containerId: "0123456789abcdef".repeat(4),
  containerName: "web",
  imageId: `sha256:${"c3ff".repeat(16)}`,
  imageName: "busybox:1",
  argv: ["sh", "-c", "true"],
  labels: { "com.example.a": "1", b: "v<2>" },
  env: ["E1=x y", "E2=z", "BARE"],
  createdNs: 0n,
  hostname: "host",
};

test("a tag names the container in Docker's words", () => {
  const tag = "{{.Name}}/{{.ID}}/{{.FullID}}/{{.ImageName}}/{{.ImageID}}/{{.DaemonName}}/{{.Command}}/{{upper .Name}}";
  expect(renderTag(tag.replace("{{upper .Name}}", "-"), subject)).toBe(
    `web/0123456789ab/${subject.containerId}/busybox:1/sha256:c3ffc/docker/sh -c true/-`,
  );
});

test("labels and variables are chosen by name and by pattern, sorted, with the tag", () => {
  const chosen = selectWithTag(
    { labels: ["b"], labelsRegex: /^com\./u, env: ["E1"], envRegex: undefined, tag: "{{.Name}}" },
    subject,
  );
  expect([...chosen]).toEqual([
    ["E1", "x y"],
    ["b", "v<2>"],
    ["com.example.a", "1"],
    ["tag", "web"],
  ]);
  expect(attributesJson(chosen)).toBe('"attrs":{"E1":"x y","b":"v\\u003c2\\u003e","com.example.a":"1","tag":"web"},');
  expect(detailsText(chosen)).toBe("E1=x+y,b=v%3C2%3E,com.example.a=1,tag=web ");
  expect(attributesJson(new Map())).toBe("");
});

/** Words that docker 26.1 has otherwise than newer versions. */
export const formerWords: readonly (readonly [former: string, now: string])[] = [
  ["of type runconfig.ContainerConfigWrapper", "of type container.Config"],
  ["Go struct field ContainerConfigWrapper.Config.", "Go struct field Config."],
  ['"invalid limit specified: strconv', '"strconv'],
];

/** Where our answer is another on purpose: by row, and in it by the number of the step. */
export const differences: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  // As other requests say it.
  "images: logins that are none": {
    0: '400 {"message":"invalid JSON: unexpected EOF"}',
    1: '400 {"message":"invalid JSON: json: cannot unmarshal array into Go value of type registry.AuthConfig"}',
    2: '400 {"message":"invalid JSON: json: cannot unmarshal number into Go struct field AuthConfig.username of type string"}',
  },
  // No digests are an empty list.
  "images: lists of the time before": {
    3: '200 [{"Containers":-1,"Created":"TIME","Id":"sha256:ID1","Labels":null,"ParentId":"","RepoDigests":[],"RepoTags":["i:1"],"SharedSize":-1,"Size":9,"VirtualSize":9}]',
  },
  // The opposite of label, as prune has it.
  "images: filters by label": {
    8: '200 [["busybox:latest"]]',
  },
  // A mistake should not look like an empty list.
  "images: filters by age": {
    14: '400 {"message":"more than one until filter specified"}',
  },
  // No name is a mistake; so is one that cannot be.
  "images: tags that are none": {
    1: '400 {"message":"invalid reference format"}',
    2: '400 {"message":"invalid reference format"}',
    18: '400 {"message":"invalid reference format: repository name (library/UPPER) must be lowercase"}',
  },
  // What the disk got back is told.
  "images: prune": {
    3: '200 {"ImagesDeleted":[{"Deleted":"sha256:ID2"}],"SpaceReclaimed":SIZE}',
  },
  // What the disk got back is told.
  "images: prune of all but what is used": {
    3: '200 {"ImagesDeleted":[{"Untagged":"b:1"},{"Deleted":"sha256:ID3"}],"SpaceReclaimed":SIZE}',
  },
  // In the words of ports elsewhere; a CMD of nothing is a mistake.
  "images: changes of imports": {
    9: '400 {"message":"invalid port specification: \\"x\\""}',
    19: '400 {"message":"CMD requires at least one argument"}',
    20: '200 {"AttachStderr":false,"AttachStdin":false,"AttachStdout":false,"Cmd":null,"Domainname":"","Entrypoint":null,"Env":null,"Healthcheck":{"Test":["NONE"]},"Hostname":"","Image":"","Labels":null,"OnBuild":null,"OpenStdin":false,"StdinOnce":false,"Tty":false,"User":"","Volumes":null,"WorkingDir":""}',
  },
  // Told more closely.
  "images: archives that are none": {
    0: '400 {"message":"archive/tar: invalid tar header (checksum is no number)"}',
  },
  // Told in words.
  "images: sources that are none": {
    0: '400 {"message":"nothing to create an image from: name it by fromImage or fromSrc"}',
    1: '400 {"message":"nothing to create an image from: name it by fromImage or fromSrc"}',
    2: '400 {"message":"nothing to create an image from: name it by fromImage or fromSrc"}',
  },
  // Read, as by newer versions.
  "images: an OCI layout": {
    0: '200 {"stream":"Loaded image: laid:1"}',
    1: '200 [["busybox:latest"],["laid:1"]]',
  },
  // In the words of newer versions, and without the engine's own folders.
  "images: loads that are none": {
    0: '200 {"error":"open ../../etc/passwd: no such file or directory","errorDetail":{"message":"open ../../etc/passwd: no such file or directory"}}',
    1: '200 {"error":"archive/tar: invalid tar header (checksum is no number)","errorDetail":{"message":"archive/tar: invalid tar header (checksum is no number)"}}',
    2: '200 {"error":"invalid archive: does not contain a manifest.json","errorDetail":{"message":"invalid archive: does not contain a manifest.json"}}',
    3: '200 {"error":"invalid archive: does not contain a manifest.json","errorDetail":{"message":"invalid archive: does not contain a manifest.json"}}',
    5: '200 {"error":"invalid archive: does not contain a manifest.json","errorDetail":{"message":"invalid archive: does not contain a manifest.json"}}',
    6: '200 {"error":"archive/tar: invalid tar header (checksum is no number)","errorDetail":{"message":"archive/tar: invalid tar header (checksum is no number)"}}',
    10: '200 {"error":"open config.json: no such file or directory","errorDetail":{"message":"open config.json: no such file or directory"}}',
    11: '200 {"error":"invalid archive: manifest.json is no JSON","errorDetail":{"message":"invalid archive: manifest.json is no JSON"}}',
    12: '200 {"error":"invalid archive: \\"UPPER:1\\": invalid reference format: repository name (library/UPPER) must be lowercase","errorDetail":{"message":"invalid archive: \\"UPPER:1\\": invalid reference format: repository name (library/UPPER) must be lowercase"}}',
  },
  // In the words of other requests.
  "images: saves that are none": {
    5: '404 {"message":"No such image: ID1"}',
  },
  // The container's name and image are none of the new image's affairs.
  "images: a commit": {
    2: '200 {"Architecture":"amd64","Author":"","Comment":"","Config":{"AttachStderr":false,"AttachStdin":false,"AttachStdout":false,"Cmd":["sleep","1000"],"Domainname":"","Entrypoint":null,"Env":[],"Hostname":"","Image":"","Labels":{},"OnBuild":null,"OpenStdin":false,"StdinOnce":false,"Tty":false,"User":"","Volumes":null,"WorkingDir":""},"Created":"TIME","Id":"sha256:ID2","Metadata":{"LastTagTime":"TIME"},"Os":"linux","Parent":"sha256:ID3","RepoDigests":[],"RepoTags":["c:1"],"RootFS":{"Layers":["sha256:ID4"],"Type":"layers"},"Size":1982441}',
  },
  // The container's name and image are none of the new image's affairs.
  "images: every parameter": {
    5: '200 {"AttachStderr":false,"AttachStdin":false,"AttachStdout":false,"Cmd":["/bin/sh","-c","x"],"Domainname":"","Entrypoint":null,"Env":[],"Hostname":"","Image":"","Labels":{"a":"b"},"OnBuild":null,"OpenStdin":false,"StdinOnce":false,"Tty":false,"User":"","Volumes":null,"WorkingDir":""}',
  },
  // A list is what is wanted.
  "images: bodies that are none": {
    5: '400 {"message":"invalid JSON: json: cannot unmarshal number into Go struct field Config.Cmd of type []string"}',
  },
  // In the words of newer versions, before anything is fetched.
  "images: of several platforms": {
    8: '200 {"id":"1","status":"Pulling from one"}\n{"error":"image with reference 127.0.0.1:5000/one:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)","errorDetail":{"message":"image with reference 127.0.0.1:5000/one:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)"}}',
  },
  // Told in words, before anything is fetched.
  "images: what is no image": {
    0: '200 {"id":"config","status":"Pulling from broken"}\n{"error":"invalid image config: no JSON object","errorDetail":{"message":"invalid image config: no JSON object"}}',
  },
  // The registry asks at its front door. Credentials that cannot be read are a mistake, not nobody's.
  "images: who is asked for": {
    0: '401 {"message":"Get \\"http://127.0.0.1:5001/v2/\\": no basic auth credentials"}',
    1: '401 {"message":"Get \\"http://127.0.0.1:5001/v2/\\": no basic auth credentials"}',
    4: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
    5: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
    6: '400 {"message":"invalid JSON: json: cannot unmarshal array into Go value of type registry.AuthConfig"}',
  },
  // What was pulled goes out as it came, with its digest.
  "images: of what was pulled": {
    2: '200 {"status":"The push refers to repository [127.0.0.1:5000/copy]"}\n{"id":"SHORT","progressDetail":{},"status":"Mounted from one"}\n{"status":"1: digest: sha256:ID1 size: SIZE"}\n{"aux":{"Digest":"sha256:ID1","Size":SIZE,"Tag":"1"},"progressDetail":{}}',
  },
  // Nobody's name is none, as with newer versions; credentials that cannot be read are a mistake.
  "images: who pushes": {
    1: '200 {"status":"The push refers to repository [127.0.0.1:5001/new]"}\n{"error":"no basic auth credentials","errorDetail":{"message":"no basic auth credentials"}}',
    5: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
    6: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
  },
  // The platform of an OCI image is told as that of Docker's.
  "images: distribution": {
    0: '200 {"Descriptor":{"digest":"sha256:ID1","mediaType":"application/vnd.oci.image.manifest.v1+json","size":401},"Platforms":[{"architecture":"amd64","os":"linux"}]}',
    1: '200 {"Descriptor":{"digest":"sha256:ID1","mediaType":"application/vnd.oci.image.manifest.v1+json","size":401},"Platforms":[{"architecture":"amd64","os":"linux"}]}',
    9: '400 {"message":"invalid repository name (ID4), cannot specify 64-byte hexadecimal strings"}',
  },
  // The platform of an OCI image is told. Credentials that cannot be read are a mistake, not nobody's.
  "images: distribution, and who asks": {
    0: '401 {"message":"no basic auth credentials"}',
    2: '200 {"Descriptor":{"digest":"sha256:ID1","mediaType":"application/vnd.oci.image.manifest.v1+json","size":401},"Platforms":[{"architecture":"amd64","os":"linux"}]}',
    3: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
    4: '400 {"message":"invalid X-Registry-Auth header: must be a valid base64-encoded JSON object"}',
  },
  // No limit below one. An index is asked by what a registry answers to.
  "images: searches that are none": {
    1: '400 {"message":"limit -1 is outside the range of [1, 100]"}',
    10: '500 {"message":"Get \\"http://127.0.0.1:1/v2/\\": dial tcp 127.0.0.1:1: connect: connection refused"}',
    13: '500 {"message":"Get \\"https://-x.y/v2/\\": dial tcp: lookup -x.y: no such host"}',
  },
  // What the registry answered is told, and no token that it did not give.
  "images: login": {
    2: '401 {"message":"login attempt to http://127.0.0.1:5001/v2/ failed with status: 401 Unauthorized"}',
    8: '400 {"message":"invalid registry address: \\"UPPER:x\\""}',
    9: '200 {"IdentityToken":"","Status":"Login Succeeded"}',
  },
};

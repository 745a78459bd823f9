/** One after the other, `REGISTRY` and `DIR` filled in. */
const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** By what they are about. */
export const stories: Readonly<Record<string, readonly string[]>> = {
  networks: lines(`
    network create --internal --attachable --label a=b --subnet 10.217.1.0/24 --subnet fd00:d9::/64 --ipv6 in
    network create --ipam-driver nowhere bad
    network create --ipam-driver default --ipam-opt k=v --subnet 10.217.2.0/24 with-opt
    network create --ipv4=false bad
    network create --scope swarm bad
    network create --scope local --subnet 10.217.3.0/24 scoped
    network create --ingress bad
    network create --config-only settings
    network create --config-only settings
    network rm settings
    network inspect --format {{.Internal}}-{{.Attachable}}-{{.EnableIPv6}}-{{.Labels}} in
    network inspect --format {{.IPAM.Options}} with-opt
    create --name box --network in busybox true
    network connect --ip 10.217.2.9 --link-local-ip 169.254.7.7 --alias there with-opt box
    network connect --ip 10.99.0.9 scoped box
    network connect --ip6 fd00:d9::9 in box
    network connect --ip6 fe80::zz scoped box
    inspect --format {{json.(index.NetworkSettings.Networks."with-opt").IPAMConfig}} box
    network disconnect -f with-opt box
    network rm with-opt
    network rm in
    rm box
    network rm in scoped
  `),
  "images of several platforms": lines(`
    pull -q --platform linux/arm64 REGISTRY/multi:1
    image inspect --platform linux/arm64 --format {{.Architecture}} REGISTRY/multi:1
    image inspect --platform linux/amd64 --format {{.Architecture}} REGISTRY/multi:1
    image inspect --platform nonsense/x/y/z REGISTRY/multi:1
    pull --quiet --disable-content-trust --platform linux/amd64 REGISTRY/multi:1
    history --platform linux/arm64 --format {{.Size}} REGISTRY/multi:1
    history --platform linux/s390x REGISTRY/multi:1
    save --platform linux/arm64 -o DIR/arm.tar REGISTRY/multi:1
    save --platform linux/s390x -o DIR/none.tar REGISTRY/multi:1
    tag REGISTRY/multi:1 REGISTRY/again:1
    push --disable-content-trust -q --platform linux/arm64 REGISTRY/again:1
    push -q --platform linux/s390x REGISTRY/again:1
    rmi --platform linux/amd64 REGISTRY/again:1
    rmi --platform linux/amd64 --force REGISTRY/multi:1
    rmi --force REGISTRY/again:1
    rmi --force REGISTRY/multi:1
    load --quiet --platform linux/amd64 -i DIR/arm.tar
    load -q --platform linux/arm64 -i DIR/arm.tar
    load --quiet -i DIR/arm.tar
    rmi -f REGISTRY/multi:1
  `),
  "classic builds": lines(`
    build -q --tag made:1 --label a=b --build-arg WORD=x --force-rm --rm=false --no-cache --network none DIR/context
    inspect --format {{.Config.Labels.a}} made:1
    build --quiet -t made:2 --target first --iidfile DIR/iid --cache-from made:1 --build-arg WORD=x DIR/context
    build -q -f DIR/context/Other --add-host far:10.1.1.1 --ulimit nofile=99:99 --shm-size 16m -t made:3 DIR/context
    build -q -m 64m --memory-swap 128m -c 512 --cpu-period 100000 --cpu-quota 50000 --cpuset-cpus 0 --cpuset-mems 0 -t made:4 DIR/context
    build -q --platform nonsense/x/y/z DIR/context
    build -q --target nowhere DIR/context
    build -q -f DIR/context/Missing DIR/context
    build -q -t UPPER/case DIR/context
    build -q --pull=false --cgroup-parent lines -t made:5 DIR/context
    build -q --squash DIR/context
    rmi made:1 made:2 made:3 made:4 made:5
  `),
  manifests: lines(`
    manifest create --insecure REGISTRY/list:1 REGISTRY/multi:1
    manifest inspect REGISTRY/nowhere:1
    manifest inspect --insecure REGISTRY/multi:1
    manifest inspect --insecure --verbose REGISTRY/nowhere:1
    manifest create --insecure REGISTRY/list:1 REGISTRY/busybox:latest
    manifest create --insecure REGISTRY/list:1 REGISTRY/busybox:latest
    manifest create --insecure --amend REGISTRY/list:1 REGISTRY/busybox:latest
    manifest annotate --arch arm64 --os linux --variant v8 --os-version 7 --os-features one,two REGISTRY/list:1 REGISTRY/busybox:latest
    manifest annotate --arch nonsense REGISTRY/list:1 REGISTRY/busybox:latest
    manifest annotate --arch arm64 REGISTRY/list:2 REGISTRY/busybox:latest
    manifest inspect REGISTRY/list:1
    manifest push --insecure --purge REGISTRY/list:1
    manifest push --insecure REGISTRY/list:1
    manifest rm REGISTRY/list:1
  `),
  "volumes, and what is left": lines(`
    volume create --required-bytes 1g --topology-required a=b --topology-preferred c=d --secret k=v x
    volume create --group g --type block --scope single --sharing none --availability active --limit-bytes 1g y
    volume create --driver nowhere z
    volume rm y
    logout REGISTRY
    logout
    builder prune --force --filter until=1000h
    builder prune -f --all --keep-storage 1gb
    builder prune --filter nonsense=1 --force
  `),
};

const platformNote = "docker tells at every such push that other platforms stay here";
const words = "a failed build is told in BuildKit's words, as buildx does";
/** Where the two do not say the same, and why that is so. */
export const differences: Readonly<Record<string, string>> = {
  "push --disable-content-trust -q --platform linux/arm64 REGISTRY/again:1": platformNote,
  "push -q --platform linux/s390x REGISTRY/again:1": platformNote,
  "build -q --platform nonsense/x/y/z DIR/context": words,
  "build -q --target nowhere DIR/context": words,
  "build -q --squash DIR/context": "docker wants experimental features for it",
};

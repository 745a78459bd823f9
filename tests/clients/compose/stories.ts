/** A project, and lines that are typed in its folder one after the other; everything of it is removed behind the last. */
export interface Story {
  readonly files: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const shop = `
name: shop
services:
  web:
    image: busybox
    command: sh -c 'echo hello from web; exec sleep 1000'
    init: true
    stop_grace_period: 0s
    depends_on: [db]
    ports: ["18481:80", "18482:53/udp"]
    volumes: ["data:/data", /anonymous]
  db:
    image: busybox
    command: sh -c 'echo hello from db; exec sleep 1000'
    init: true
    stop_grace_period: 0s
    healthcheck: {test: "true", interval: 100ms}
  tool:
    image: busybox
    profiles: [tools]
    command: echo a tool
volumes: {data: {}}
`;
const alone = `
name: alone
services:
  web:
    image: busybox
    command: sh -c 'echo out; echo err >&2; exec sleep 1000'
    init: true
    stop_grace_period: 0s
`;
/** Ends by itself. */
const ends = `
name: ends
services:
  first: {image: busybox, command: echo of the first}
  second:
    image: busybox
    command: sh -c 'echo of the second; exit 3'
    depends_on: {first: {condition: service_completed_successfully}}
`;
const built = `
name: built
services:
  app:
    build: {context: ., args: [WORD]}
    stop_grace_period: 0s
    init: true
    command: sleep 1000
  ready: {image: busybox, command: sleep 1000, init: true, stop_grace_period: 0s}
`;

/** By what they are about. */
export const stories: Readonly<Record<string, Story>> = {
  life: {
    files: { "compose.yaml": shop },
    lines: lines(`
      --dry-run create
      create
      --dry-run start
      start
      up -d
      --dry-run stop
      --dry-run restart
      --dry-run pause
      --dry-run kill
      --dry-run rm -f -s
      --dry-run down
      stop -t 0 web
      start web
      stop
      stop
      start
      restart -t 0
      restart --no-deps db
      pause
      pause
      unpause
      unpause web
      kill -s SIGKILL web
      kill web
      kill -s NONSENSE db
      kill nosuch
      stop nosuch
      start nosuch
      restart nosuch
      pause nosuch
      rm -f
      rm -f
      rm -s -f -v db
      rm nosuch
      down -t 0
      down -t 0
      start
      stop
      kill
      restart
    `),
  },
  "what is there": {
    files: { "compose.yaml": shop },
    lines: lines(`
      ps
      ps -a
      ls
      up -d
      ps --format '{{.Name}} {{.Service}} {{.State}} {{.Image}} {{.Command}} {{.Project}} {{.ExitCode}}'
      ps --format 'table {{.Name}}\\t{{.Service}}'
      ps --format nonsense
      ps --format '{{.Nonsense}}'
      ps -q web
      ps -q --no-trunc web
      ps --services
      ps --status running --services
      ps --status exited
      ps --status nonsense
      ps --filter status=running --services
      ps --filter source=x
      ps --filter nonsense
      ps --orphans=false --services
      ps nosuch
      ps -a web
      ls
      ls -q
      ls -a --filter name=shop
      ls --filter name=other
      ls --filter nonsense=x
      ls --format json
      ls --format nonsense
      images -q web
      images --format nonsense
      images nosuch
      port web 80
      port --protocol udp web 53
      port --index 1 web 80
      port --index 2 web 80
      port --protocol nonsense web 80
      port web 81
      port web x
      port nosuch 80
      port web
      stop
      ps
      ps -a --services
      ls
      ls -a
      top
    `),
  },
  "commands in containers": {
    files: { "compose.yaml": alone, file: "a file\n" },
    lines: lines(`
      exec -T web echo x
      up -d
      exec -T web echo x
      exec -T web sh -c 'exit 7'
      exec -T -e A=1 --env B=2 web sh -c 'echo $A$B'
      exec -T -u 5:6 web id
      exec -T --user nobody web id -u
      exec -T -w /tmp web pwd
      exec -T --workdir /nosuch web pwd
      exec -T --privileged web echo x
      exec -T --index 1 web echo x
      exec -T --index 2 web echo x
      exec -d web sleep 1
      exec -T web nosuch
      exec -T nosuch echo
      exec web
      cp file web:/tmp/
      exec -T web cat /tmp/file
      cp -a file web:/tmp/again
      cp -L --index 1 file web:/tmp/third
      cp web:/tmp/third back
      cp web:/nosuch back
      cp nosuch:/x back
      cp nosuch web:/tmp
      cp --index 2 file web:/tmp
      cp a b
      --dry-run cp file web:/tmp/dry
      top
      stats --no-stream --format '{{.Name}}'
      stats --no-stream --no-trunc --format '{{.Name}}' web
      stats --no-stream nosuch
      logs
      logs --no-color
      logs --no-log-prefix
      logs -n 1
      logs --tail 0 web
      logs --tail all --since 1h
      logs --until 1h
      logs --index 1 web
      logs --index 2 web
      logs --tail nonsense
      logs nosuch
      --ansi always logs
      --ansi never logs
      --ansi nonsense logs
      stop
      exec -T web echo x
      top
    `),
  },
  "single runs": {
    files: { "compose.yaml": shop },
    lines: lines(`
      run --rm -T --no-deps web echo x
      run --rm -T --no-deps web sh -c 'exit 7'
      run --rm -T --no-deps -e A=1 web sh -c 'echo $A'
      run --rm -T --no-deps -u 5 -w /tmp web sh -c 'id -u; pwd'
      run --rm -T --no-deps --entrypoint 'echo by' web me
      run --rm -T --no-deps --cap-add NET_ADMIN --cap-drop CHOWN web grep CapEff /proc/self/status
      run --rm -T --no-deps -v /usr:/there web ls -d /there/bin
      run --rm -T --no-deps -v nonsense web true
      run --rm -T --no-deps -p 18483:80 web true
      run --rm -T --no-deps -p nonsense web true
      run --rm -T --no-deps -P -p 18483:80 web true
      run --rm -T --no-deps --service-ports web true
      run -d -T --no-deps --name one -l a=b --use-aliases web sleep 1000
      run --rm -T --no-deps --name one web true
      ps --services
      ps -a --format '{{.Name}} {{.State}}' web
      run --rm -T --quiet-pull --build web true
      run --rm -T tool
      run --rm -T -i=false tool echo x
      run --rm -T --remove-orphans tool
      run --rm -T nosuch
      run --rm -T web nosuch
      --dry-run run --rm -T tool
      run -T tool
      rm -f
      down -t 0 --remove-orphans
    `),
  },
  up: {
    files: {
      "compose.yaml": shop,
      "other.yaml": "services: {other: {image: busybox, command: sleep 1000, init: true}}",
    },
    lines: lines(`
      --dry-run up -d
      up -d --no-start
      up -d --no-deps web
      up -d
      up -d --no-recreate
      up -d --force-recreate
      up -d --force-recreate --no-recreate
      up -d --force-recreate --no-deps web
      up -d --always-recreate-deps --force-recreate web
      up -d --renew-anon-volumes
      up -d -V --force-recreate
      up -d --wait
      up --wait --wait-timeout 60
      up -d --scale db=2
      up -d --scale db=1
      up -d --scale nonsense
      up -d --scale nosuch=2
      scale db=2
      scale --no-deps db=1
      scale db
      scale nosuch=1
      create --scale db=2 --no-recreate
      create --force-recreate
      create --remove-orphans --pull missing
      create --pull nonsense
      -f compose.yaml -f other.yaml up -d
      up -d
      up -d --remove-orphans
      -f compose.yaml -f other.yaml up -d --quiet-pull other
      down -t 0
      -f compose.yaml -f other.yaml down -t 0
      --profile tools up -d --no-deps tool
      --profile '*' ps -a --services
      up -d nosuch
      up -d -t 0 web
      up -d --pull missing --no-build
      up -d --pull nonsense
      --parallel 1 up -d --force-recreate
      --parallel nonsense up -d
      --progress quiet up -d --force-recreate
      --progress plain up -d --force-recreate
      --progress nonsense up -d
      -p elsewhere ps
      -p UPPER ps
      --project-directory / ps --services
      --env-file nosuch ps
      --compatibility ps --services
      -f nosuch.yaml ps
      nosuch
      up --nosuch
      down -v -t 0 --remove-orphans --rmi local
      down --rmi nonsense
    `),
  },
  "up with its output": {
    files: { "compose.yaml": ends },
    lines: lines(`
      up
      up --no-color
      up --no-log-prefix
      up --timestamps
      NO_COLOR=1 up
      --ansi never up
      --ansi always up
      COMPOSE_ANSI=always up
      NO_COLOR=1 --ansi always up
      --progress plain up
      --progress quiet up
      up --attach second
      up --no-attach second
      up --attach-dependencies second
      up second
      up --abort-on-container-exit
      up --exit-code-from second
      up --exit-code-from first
      up --exit-code-from nosuch
      up --abort-on-container-exit -d
      up --exit-code-from second -d
      up --attach nosuch
      up --quiet-pull --pull never
      up --no-deps first
      wait first second
      wait nosuch
      up -d
      wait second
      logs
      logs -t
      down
    `),
  },
  "images built, fetched and brought": {
    files: {
      "compose.yaml": built,
      Dockerfile: "FROM busybox\nARG WORD=none\nRUN echo $WORD >/word\nCMD sleep 1000\n",
      "remote.yaml":
        "name: built\nservices: {there: {image: 'REGISTRY/busybox'}, not: {image: 'REGISTRY/nosuch'}, mine: {build: ., image: 'REGISTRY/mine'}}",
    },
    lines: lines(`
      up -d --no-build app
      images -q
      -f remote.yaml pull -q there
      -f remote.yaml pull -q not
      -f remote.yaml pull -q --ignore-pull-failures there not
      -f remote.yaml pull -q --ignore-buildable mine
      -f remote.yaml pull -q --policy missing there
      -f remote.yaml pull -q --policy nonsense there
      -f remote.yaml pull -q --include-deps there
      -f remote.yaml pull -q nosuch
      --dry-run -f remote.yaml pull there
      -f remote.yaml push -q there
      -f remote.yaml push -q not
      -f remote.yaml push -q --ignore-push-failures --include-deps not
      -f remote.yaml push -q nosuch
      -f remote.yaml down --rmi all
      build nosuch
      config --services
      config --images
      config --profiles
      config --volumes
      config --hash '*'
      config --hash app
      config -q
      config --format json
      config --no-normalize --no-path-resolution --no-interpolate --no-consistency
      config --variables
      config -o out.yaml
      version --short
      version -f nonsense
      down -t 0 --rmi local
    `),
  },
};

/** Where the two do not say the same, and why that is so. */
export const differences: Readonly<Record<string, string>> = {};

/** Flags that no line has, and why. */
export const elsewhere: Readonly<Record<string, string>> = {};

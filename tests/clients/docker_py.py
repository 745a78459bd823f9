"""What people do with docker-py: containers and exec. Prints one JSON line a case, like cases.mjs."""

import contextlib
import io
import json
import os
import sys
import tarfile
import tempfile
import time
import traceback

import docker
from docker.errors import APIError, BuildError, ContainerError, ImageNotFound, NotFound

IMAGE = os.environ.get("CLIENT_IMAGE", "busybox")
client = docker.from_env(timeout=150)
CASES = []


def case(function):
    CASES.append(function)
    return function


class using:
    """A container for the length of a block, started unless told otherwise."""

    def __init__(self, command=("sleep", "3600"), start=True, **options):
        self.container = client.containers.create(IMAGE, list(command), **options)
        self.start = start

    def __enter__(self):
        if self.start:
            self.container.start()
        return self.container

    def __exit__(self, *_):
        self.container.remove(force=True, v=True)


@contextlib.contextmanager
def begun_when_heard(container):
    """
    docker-py throws away what one read of its socket brings together with the answer's head. In this block it finds all of an
    exec's output: a command waits by WAITS until docker-py has read the head and listens to what comes behind it.
    """
    listen = client.api._read_from_socket

    def begin(*args, **kwargs):
        client.api.exec_start(client.api.exec_create(container.id, ["touch", "/go"])["Id"], detach=True)
        return listen(*args, **kwargs)

    client.api._read_from_socket = begin
    try:
        yield
    finally:
        client.api._read_from_socket = listen


WAITS = "until test -e /go; do sleep 0.05; done; rm /go; "


def raises(kind, act, text=""):
    try:
        act()
    except kind as error:
        assert text in str(error), str(error)
        return error
    raise AssertionError(f"no {kind.__name__}")


@case
def runs_to_the_end():
    output = client.containers.run(IMAGE, ["echo", "said"], remove=True)
    assert output == b"said\n", output


@case
def tells_a_failed_run():
    error = raises(ContainerError, lambda: client.containers.run(IMAGE, ["sh", "-c", "echo why >&2; exit 3"], remove=True))
    assert error.exit_status == 3 and error.stderr == b"why\n"


@case
def runs_detached_and_waits():
    container = client.containers.run(IMAGE, ["sh", "-c", "exit 4"], detach=True)
    assert container.wait()["StatusCode"] == 4
    container.reload()
    assert container.status == "exited"
    container.remove()


@case
def refuses_unknown_images_and_containers():
    raises(ImageNotFound, lambda: client.containers.create("nosuch"))
    raises(NotFound, lambda: client.containers.get("nosuch"), "No such container: nosuch")
    raises(APIError, lambda: client.containers.create(IMAGE, "true", mem_limit=1), "Minimum memory limit")


@case
def sets_options():
    options = dict(
        environment={"A": "b"},
        hostname="named",
        working_dir="/tmp",
        labels={"py": "1"},
        mem_limit="64m",
        nano_cpus=500_000_000,
        tmpfs={"/scratch": "size=1m"},
        ulimits=[docker.types.Ulimit(name="nofile", soft=256, hard=512)],
        cap_add=["NET_ADMIN"],
        read_only=True,
        extra_hosts={"elsewhere": "10.9.8.7"},
        stop_signal="SIGKILL",
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
        log_config=docker.types.LogConfig(type="json-file", config={"max-size": "1m"}),
    )
    with using(["sh", "-c", "echo $A $(hostname) $(pwd) $(ulimit -n); sleep 3600"], **options) as container:
        wait_for(lambda: container.logs() != b"")
        assert container.logs() == b"b named /tmp 256\n", container.logs()
        host = container.attrs["HostConfig"] if container.attrs.get("HostConfig") else client.containers.get(container.id).attrs["HostConfig"]
        assert host["Memory"] == 64 << 20 and host["NanoCpus"] == 500_000_000
        assert client.containers.list(filters={"label": "py=1"})[0].id == container.id


@case
def publishes_a_port():
    with using(["sleep", "3600"], ports={"80/tcp": ("127.0.0.1", None)}) as container:
        container.reload()
        assert container.ports["80/tcp"][0]["HostIp"] == "127.0.0.1"


@case
def logs_with_options():
    with using(["sh", "-c", "echo 1; sleep 0.1; echo 2 >&2; sleep 0.1; echo 3"]) as container:
        container.wait()
        assert sorted(container.logs().split()) == [b"1", b"2", b"3"]
        assert container.logs(stdout=False) == b"2\n"
        assert container.logs(tail=1, stderr=False) == b"3\n"
        assert container.logs(timestamps=True, stderr=False).count(b"Z ") == 2


@case
def follows_logs():
    with using(["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done"]) as container:
        assert b"".join(container.logs(stream=True, follow=True)) == b"1\n2\n3\n"


@case
def executes():
    with using() as container, begun_when_heard(container):
        code, output = container.exec_run(["sh", "-c", WAITS + "echo out; echo err >&2; exit 5"], demux=True)
        assert (code, output) == (5, (b"out\n", b"err\n")), (code, output)
        outputs = [
            container.exec_run(["sh", "-c", WAITS + "pwd"], workdir="/tmp").output,
            container.exec_run(["sh", "-c", WAITS + "echo $A"], environment={"A": "b"}).output,
            container.exec_run(["sh", "-c", WAITS + "tty"], tty=True).output,
        ]
        assert outputs == [b"/tmp\n", b"b\n", b"/dev/pts/0\r\n"], outputs


@case
def executes_with_a_stream():
    with using() as container, begun_when_heard(container):
        output = container.exec_run(["sh", "-c", WAITS + "for i in 1 2 3; do echo $i; done"], stream=True).output
        told = b"".join(output)
        assert told == b"1\n2\n3\n", told


@case
def executes_with_a_socket():
    with using() as container:
        api = client.api
        made = api.exec_create(container.id, ["cat"], stdin=True, tty=True)
        stream = api.exec_start(made["Id"], socket=True, tty=True)
        stream._sock.sendall(b"typed\n")
        text = b""
        while text.count(b"typed") < 2:
            text += stream._sock.recv(100)
        stream.close()
        assert api.exec_inspect(made["Id"])["ProcessConfig"]["entrypoint"] == "cat"


@case
def executes_detached():
    with using() as container:
        made = client.api.exec_create(container.id, ["touch", "/made"])
        client.api.exec_start(made["Id"], detach=True)
        wait_for(lambda: client.api.exec_inspect(made["Id"])["Running"] is False)
        assert client.api.exec_inspect(made["Id"])["ExitCode"] == 0


@case
def attaches():
    with using(["sh", "-c", "read line; echo got $line"], start=False, stdin_open=True, tty=False) as container:
        stream = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        container.start()
        stream._sock.sendall(b"words\n")
        frame = b""
        while b"\n" not in frame:
            frame += stream._sock.recv(100)
        stream.close()
        assert frame[8:] == b"got words\n" and frame[0] == 1, frame


@case
def goes_through_its_life():
    with using() as container:
        container.pause()
        container.reload()
        assert container.status == "paused"
        container.unpause()
        container.rename("py-renamed")
        container.restart(timeout=0)
        container.kill("SIGUSR1")
        container.kill()
        assert container.wait()["StatusCode"] == 137
        raises(APIError, container.kill, "is not running")
        container.start()
        container.stop(timeout=0)
        container.reload()
        assert container.status == "exited" and container.name == "py-renamed"


@case
def lists_processes():
    with using() as container:
        assert len(container.top()["Processes"]) == 1


@case
def copies_archives():
    with using() as container:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            info = tarfile.TarInfo("file")
            info.size = 5
            archive.addfile(info, io.BytesIO(b"bytes"))
        assert container.put_archive("/tmp", data.getvalue())
        chunks, stat = container.get_archive("/tmp/file")
        assert stat["size"] == 5
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            assert archive.extractfile("file").read() == b"bytes"


@case
def tells_changes_and_exports():
    with using(["touch", "/new"]) as container:
        container.wait()
        assert container.diff() == [{"Path": "/new", "Kind": 1}]
        assert sum(len(chunk) for chunk in container.export()) > 100_000


@case
def updates():
    with using(mem_limit="64m") as container:
        container.update(cpu_shares=512)
        container.reload()
        assert container.attrs["HostConfig"]["CpuShares"] == 512


@case
def gives_stats():
    with using() as container:
        assert container.stats(stream=False)["memory_stats"]["usage"] > 0
        assert next(container.stats(decode=True))["pids_stats"]["current"] == 1


@case
def commits():
    with using(["touch", "/new"]) as container:
        container.wait()
        made = container.commit("py-committed", "1", changes="ENV A=b")
        assert "A=b" in made.attrs["Config"]["Env"]
        client.images.remove("py-committed:1")


@case
def prunes():
    container = client.containers.run(IMAGE, "true", detach=True, labels={"py-prune": ""})
    container.wait()
    try:
        assert client.containers.prune({"label": "py-prune"})["ContainersDeleted"] == [container.id]
    except APIError:
        container.remove()
        raise


@case
def reports_health():
    check = docker.types.Healthcheck(test=["CMD", "true"], interval=300_000_000, timeout=60_000_000_000, retries=2)
    with using(healthcheck=check) as container:
        wait_for(lambda: (container.reload(), container.health)[1] == "healthy")


@case
def mounts_volumes():
    volume = client.volumes.create("py-volume", labels={"a": "b"})
    try:
        client.containers.run(IMAGE, ["touch", "/data/kept"], volumes={"py-volume": {"bind": "/data", "mode": "rw"}}, remove=True)
        with using(mounts=[docker.types.Mount("/data", "py-volume", read_only=True)]) as container:
            with begun_when_heard(container):
                assert container.exec_run(["sh", "-c", WAITS + "ls /data"]).output == b"kept\n"
    finally:
        volume.remove()


@case
def sees_events():
    since = int(time.time()) - 1
    client.containers.run(IMAGE, "true", remove=True, labels={"py-events": "1"})
    until = int(time.time()) + 1
    filters = {"label": ["py-events=1"]}
    seen = [event["Action"] for event in client.events(since=since, until=until, decode=True, filters=filters)]
    assert seen == ["create", "start", "die", "destroy"], seen


def context(**files):
    """A build's context as an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    buffer.seek(0)
    return buffer


@case
def builds():
    dockerfile = f"FROM {IMAGE}\nARG WORD=none\nCOPY given /given\nRUN echo $WORD > /word\nLABEL from=file\n"
    image, log = client.images.build(
        fileobj=context(Dockerfile=dockerfile, given="given\n"),
        custom_context=True,
        tag="docker-py-built:1",
        buildargs={"WORD": "told"},
        labels={"more": "label"},
        rm=True,
    )
    lines = [line.get("stream", "") for line in log]
    assert any(line.startswith("Step 1/") for line in lines), lines
    assert any("Successfully tagged docker-py-built:1" in line for line in lines), lines
    assert image.labels == {"from": "file", "more": "label"}, image.labels
    assert "docker-py-built:1" in image.tags, image.tags
    assert client.containers.run(image, ["cat", "/given", "/word"], remove=True) == b"given\ntold\n"
    client.images.remove("docker-py-built:1", force=True)


@case
def builds_a_text_and_a_folder():
    image, _ = client.images.build(fileobj=io.BytesIO(f"FROM {IMAGE}\nRUN echo text > /x\n".encode()), rm=True)
    assert client.containers.run(image, ["cat", "/x"], remove=True) == b"text\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"Other": f"FROM {IMAGE} AS one\nCOPY . /all\nFROM one\nRUN false\n", "a": "a", "b.log": "b", ".dockerignore": "*.log\n"}.items():
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        image, _ = client.images.build(path=folder, dockerfile="Other", target="one", rm=True, nocache=True)
    names = client.containers.run(image, ["ls", "-A", "/all"], remove=True).decode().split()
    assert "a" in names and "b.log" not in names, names


@case
def tells_a_failed_build():
    failing = context(Dockerfile=f"FROM {IMAGE}\nRUN echo why; exit 5\n")
    error = raises(BuildError, lambda: client.images.build(fileobj=failing, custom_context=True, rm=True), "returned a non-zero code: 5")
    assert any("why" in line.get("stream", "") for line in error.build_log)
    wrong = context(Dockerfile=f"FROM {IMAGE}\nNONSENSE\n")
    raises(APIError, lambda: client.images.build(fileobj=wrong, custom_context=True), "unknown instruction: NONSENSE")


@case
def tells_about_the_engine():
    assert client.ping() and client.version()["Os"] == "linux" and client.info()["OSType"] == "linux"
    assert isinstance(client.df()["Containers"], list)
    assert {network.name for network in client.networks.list()} >= {"bridge", "host", "none"}


def wait_for(probe):
    end = time.monotonic() + 100
    while time.monotonic() < end:
        if probe():
            return
        time.sleep(0.05)
    raise AssertionError("never")


if __name__ == "__main__":
    only = os.environ.get("CLIENT_CASE", "")
    for run in CASES:
        name = run.__name__.replace("_", " ")
        if only not in name:
            continue
        line = {"case": name, "ok": True, "error": ""}
        start = time.monotonic()
        try:
            run()
        except Exception as error:  # every failure is a result
            line.update(ok=False, error=str(error) or "; ".join(traceback.format_exc().splitlines()[-3:]))
            if "CLIENT_TRACE" in os.environ:
                traceback.print_exc()
        line["ms"] = round((time.monotonic() - start) * 1000)
        print(json.dumps(line), flush=True)
    sys.exit(0)

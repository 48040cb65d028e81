#!/usr/bin/env python3
"""A container image of program and package: the same bytes each time, what others' tools read, and
a server that runs from it without root on a root file system that cannot be written.

It runs under crun as an ordinary user where umoci and crun are there and the kernel lets them, else
in a chroot; which way was taken is printed. 77 = skipped: there is no minisign, or no way to run.
"""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import tiny_server

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
USER, NOBODY = 65532, 65534  # inside; who runs crun, outside
DRAFT = """format: tokenmill.package/1
name: Tiny
version: 1.0.0
license: Apache-2.0
profiles:
  - {name: small, model: ., isa: scalar, threads: 1, context: 1024, kv_format: f16}
"""
KEYS = ["minisign", "-G", "-W", "-p", "k.pub", "-s", "k.key"]


def call(*words, rc=0, **more):
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=120, **more)
    said = run.stdout + run.stderr
    assert run.returncode == rc, f"{words}: exit {run.returncode}, not {rc}: {said}"
    return said


def mill(*words, rc=0):
    return call(PROGRAM, *words, rc=rc)


def prepare():
    model = tiny_server.make_model(".")
    pathlib.Path("draft.yaml").write_text(DRAFT)
    call(*KEYS)
    mill("package", "build", "draft.yaml", model, "p")
    mill("package", "sign", "p", "--key", "k.key")


def image(out, *words, rc=0):
    return mill("package", "image", "p", "--trust", "k.pub", "--out", out, *words, rc=rc)


def blob(descriptor, folder="one"):
    data = (pathlib.Path(folder) / "blobs/sha256" / descriptor["digest"][7:]).read_bytes()
    assert len(data) == descriptor["size"], descriptor
    assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"], descriptor
    return data


def opened(folder):
    """The image's manifest and config, every blob checked against its name."""
    index = json.loads((pathlib.Path(folder) / "index.json").read_text())
    (entry,) = index["manifests"]
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "tiny:1.0.0", entry
    manifest = json.loads(blob(entry, folder))
    config = json.loads(blob(manifest["config"], folder))
    layers = [blob(layer, folder) for layer in manifest["layers"]]
    assert len(list(pathlib.Path(folder, "blobs/sha256").iterdir())) == 2 + len(layers)
    return entry["digest"], manifest, config


def test_same_bytes():
    said = image("one")
    digest, _, config = opened("one")
    assert f"image: tiny:1.0.0 {digest} in one" in said, said
    assert "100 %" in said, f"no progress: {said}"
    os.utime("p/config.json", (0, 0))
    image("two")
    assert opened("two")[0] == digest, "the same package, another image"
    said = image("one.tar")
    assert digest in said, said
    with tarfile.open("one.tar") as archive:
        archive.extractall("three")
    assert opened("three")[0] == digest
    image("other", "--tag", "acme/mill:2")
    assert mill("package", "verify", "p", "--trust", "k.pub").strip().endswith(
        config["config"]["Labels"]["tokenmill.package.digest"])


def test_refusals():
    for words, rc, said in [(["one"], 2, "is there already"), (["one.tar"], 2, "is there already"),
                            (["x", "--tag", "Tiny:1"], 2, "--tag NAME:VERSION"),
                            (["none/x"], 3, "cannot be created")]:
        answer = image(*words, rc=rc)
        assert said in answer, answer
    call("minisign", "-G", "-W", "-p", "other.pub", "-s", "other.key")
    answer = mill("package", "image", "p", "--trust", "other.pub", "--out", "x", rc=2)
    assert "signed by the key" in answer, answer
    assert not pathlib.Path("x").exists()


def test_content():
    _, manifest, config = opened("one")
    inside = config["config"]
    assert inside["User"] == f"{USER}:{USER}" and inside["ExposedPorts"] == {"8080/tcp": {}}
    assert inside["Healthcheck"]["Test"] == ["CMD", "/usr/bin/tokenmill", "health"], inside
    assert inside["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0", inside
    names = set()
    for layer in manifest["layers"]:
        path = pathlib.Path("one/blobs/sha256") / layer["digest"][7:]
        assert "sha256:" + path.name in config["rootfs"]["diff_ids"]
        with tarfile.open(path) as archive:
            for entry in archive:
                names.add(entry.name)
                assert entry.isfile() or entry.isdir(), entry.name
                assert entry.mtime == 0 and entry.uid == entry.gid, entry.name
                assert entry.uid == (USER if entry.name == "var/lib/tokenmill" else 0), entry.name
                assert entry.mode == 0o1777 if entry.name == "tmp" else not entry.mode & 0o6022
    wanted = {"usr/bin/tokenmill", "etc/passwd", "etc/ssl/certs/ca-certificates.crt",
              "srv/package/manifest.yaml", "srv/package/manifest.yaml.minisig",
              "srv/package/model.safetensors"}
    assert wanted <= names, wanted - names
    assert not {name for name in names if name.startswith(("bin/", "root/", "home/"))}, names


def test_others_read_it():
    """Debian's tools, where they are there."""
    if shutil.which("umoci"):
        said = call("umoci", "stat", "--image", "one:tiny:1.0.0", "--json")
        assert "package Tiny 1.0.0" in said, said
    if shutil.which("skopeo"):
        for place in ["oci:one:tiny:1.0.0", "oci-archive:one.tar:tiny:1.0.0"]:
            said = json.loads(call("skopeo", "inspect", place))
            assert said["Digest"] == opened("one")[0] and said["Architecture"], said
    print("read by", [tool for tool in ("umoci", "skopeo") if shutil.which(tool)] or "nobody")


class Crun:
    """umoci makes a bundle, and crun runs it in namespaces of an ordinary user's."""

    name = "crun, as an ordinary user"

    def __init__(self):
        missing = [tool for tool in ("umoci", "crun") if not shutil.which(tool)]
        if missing:
            raise RuntimeError(f"there is no {' and no '.join(missing)}")
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        call("umoci", "unpack", *rootless, "--image", "one:tiny:1.0.0", "bundle")
        self.config = json.loads(pathlib.Path("bundle/config.json").read_text())
        self.root = pathlib.Path("run").resolve()
        self.root.mkdir()
        user = os.geteuid() or NOBODY
        os.chmod("bundle", 0o755)
        if os.geteuid() == 0:
            for path in ["run", "bundle/rootfs/var/lib/tokenmill"]:
                os.chown(path, NOBODY, NOBODY)
        process = self.config["process"]
        assert process["user"]["uid"] == USER, process
        self.words = process["args"]
        process.update(terminal=False, capabilities={}, noNewPrivileges=True)
        process.pop("rlimits", None)
        self.config["root"]["readonly"] = True
        self.config["mounts"] = [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]
        mapped = [{"containerID": USER, "hostID": user, "size": 1}]
        self.config["linux"] = {"uidMappings": mapped, "gidMappings": mapped, "namespaces": [
            {"type": kind} for kind in ("user", "mount", "pid", "ipc", "uts")]}

    def command(self, *words):
        whole = ["crun", "--root", self.root, "--cgroup-manager=disabled", *words]
        if os.geteuid() != 0:
            return whole
        # crun refuses cgroups of both versions; it is shown none, in mounts of its own.
        return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                'mount -t tmpfs none /sys/fs/cgroup; exec "$@"', "sh", "setpriv",
                f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *whole]

    def start(self, words):
        self.config["process"]["args"] = [str(word) for word in words]
        pathlib.Path("bundle/config.json").write_text(json.dumps(self.config))
        return self.command("run", "--bundle", pathlib.Path("bundle").resolve(), "mill")

    def beside(self, words):
        return self.command("exec", "--user", f"{USER}:{USER}", "mill", *words)

    def pid(self, process):
        del process
        return json.loads(call(*self.command("state", "mill")))["pid"]


class Chroot:
    """The layers, unpacked one over the other, and a root that is bound read-only."""

    name = "a chroot"

    def __init__(self):
        _, manifest, config = opened("one")
        self.rootfs = pathlib.Path("rootfs").resolve()
        for layer in manifest["layers"]:
            with tarfile.open(pathlib.Path("one/blobs/sha256") / layer["digest"][7:]) as archive:
                archive.extractall(self.rootfs)
        self.words = config["config"]["Entrypoint"]
        self.environment = config["config"]["Env"]

    def start(self, words):
        own = (["unshare", "-m"] if os.geteuid() == 0 else
               ["unshare", "-Um", f"--map-user={USER}", f"--map-group={USER}", "--keep-caps"])
        user = [f"--userspec={USER}:{USER}"] if os.geteuid() == 0 else []
        mounts = ('r=$1; shift; mount --bind "$r" "$r" && mount --rbind /proc "$r/proc" && '
                  'mount -o remount,bind,ro "$r" && exec "$@"')
        return [*own, "--propagation", "private", "sh", "-c", mounts, "sh", self.rootfs, "env",
                "-i", *self.environment, shutil.which("chroot"), *user, self.rootfs, *words]

    def beside(self, words):
        return self.start(words)

    def pid(self, process):
        return process.pid


def a_way():
    """The first that can run the program at all."""
    for way in (Crun, Chroot):
        try:
            chosen = way()
            said = call(*chosen.start(["/usr/bin/tokenmill", "version"]))
            assert said.startswith("tokenmill "), said
            return chosen
        except (AssertionError, RuntimeError) as why:
            print(f"not with {way.name}: {str(why)[-300:]}")
    return None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(port, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


class Draining(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503 if self.path == "/v1/health/ready" else 404)

    def log_message(self, *_):
        pass


def test_health_of_a_draining_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), Draining)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = mill("health", f"http://127.0.0.1:{server.server_address[1]}", rc=6)
    assert "is not ready: it answers 503" in said and said.count("\n") == 1, said
    server.shutdown()


def wait_until_ready(process, url):
    deadline = time.monotonic() + 60
    proxied = {**os.environ, "http_proxy": "http://127.0.0.1:1"}  # which it must not ask
    while subprocess.run([PROGRAM, "health", url], capture_output=True, env=proxied).returncode:
        assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
        time.sleep(0.05)


def check_process(way, pid):
    """Not root, and a root file system that even root cannot write to."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    users = [line.split()[1:] for line in status.splitlines() if line.startswith("Uid:")][0]
    assert "0" not in users, f"it runs as root: {users}"
    if isinstance(way, Crun):
        assert pathlib.Path(f"/proc/{pid}/uid_map").read_text().split()[0] == str(USER)
    try:
        pathlib.Path(f"/proc/{pid}/root/x").write_text("x")
    except OSError as error:  # EACCES: whoever runs this test is not root, either
        assert error.strerror in ("Read-only file system", "Permission denied"), error
    else:
        raise AssertionError("the root file system can be written")


def test_server(way):
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with open("server.log", "w+") as log:
        process = subprocess.Popen(
            [str(word) for word in way.start([*way.words, "--port", port, "--context", 256])],
            stdin=subprocess.DEVNULL, stderr=log, stdout=log)
        process.stderr = log
        try:
            wait_until_ready(process, url)
            pid = way.pid(process)
            assert ask(port, "/v1/health/ready")[0] == 200
            status, text = ask(port, "/v1/completions",
                               {"prompt": "the mill", "max_tokens": 8, "temperature": 0})
            assert status == 200 and json.loads(text)["model"] == "Tiny", text
            call(*way.beside(["/usr/bin/tokenmill", "health", url]))
            check_process(way, pid)
            os.kill(pid, signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            log.seek(0)
            print(log.read())
    said = mill("health", url, rc=6)
    assert "does not answer" in said and said.count("\n") == 1, said


def main():
    if not shutil.which("minisign"):
        print("skipped: there is no minisign (tools/install.py test)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # for the ordinary user
        os.chdir(folder)
        prepare()
        test_same_bytes()
        test_refusals()
        test_content()
        test_others_read_it()
        test_health_of_a_draining_server()
        way = a_way()
        if way is not None:
            test_server(way)
        os.chdir("/")
    if way is None:
        print("skipped: the image is right, but neither crun nor a chroot can run it here")
        sys.exit(77)
    print(f"the same image each time; its server ran in {way.name}, without root, read-only")


main()

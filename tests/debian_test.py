#!/usr/bin/env python3
"""The Debian package: built by cpack, read by dpkg, unpacked and run; its unit read by systemd.

    debian_test.py BUILD_FOLDER CPACK
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import tiny_server

FILES = {
    "./usr/bin/tokenmill": "-rwxr-xr-x",
    "./usr/lib/systemd/system/tokenmill.service": "-rw-r--r--",
    "./etc/tokenmill/serve.env": "-rw-r--r--",
    "./usr/share/doc/tokenmill/copyright": "-rw-r--r--",
}


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def build(folder, build_folder, cpack):
    run(cpack, "-G", "DEB", "-B", folder, cwd=build_folder)
    (package,) = folder.glob("tokenmill_*.deb")
    return package


def check_description(package):
    fields = run("dpkg-deb", "--field", package)
    assert re.search(r"^Package: tokenmill$", fields, re.M), fields
    depends = re.search(r"^Depends: (.*)$", fields, re.M)[1]
    for library in ("libc6", "libssl3", "libcurl4", "libpcre2-8-0"):
        assert library in depends, f"{library} is no dependency: {depends}"


def check_files(package):
    listed = {}
    for line in run("dpkg-deb", "--contents", package).splitlines():
        words = line.split()
        listed[words[5]] = words[0], words[1]
    for name, mode in FILES.items():
        assert listed.get(name) == (mode, "root/root"), f"{name}: {listed.get(name)}"


def check_program(root):
    program = root / "usr/bin/tokenmill"
    version = run(program, "version")
    assert "tokenmill" in version, version
    return program


def check_unit(root, program):
    """systemd's own reading of it, the program standing where the unit will find it."""
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze here: the unit is not checked")
        return
    unit = (root / "usr/lib/systemd/system/tokenmill.service").read_text()
    copy = root / "tokenmill.service"
    copy.write_text(unit.replace("/usr/bin/tokenmill", str(program)))
    said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
    ours = [line for line in said.stderr.splitlines() if "tokenmill" in line]
    assert said.returncode == 0 and not ours, said.stderr


def check_ready(root, program):
    """A unit of Type=notify: the server says when it is ready, and by then it answers."""
    environment = dict(line.split("=", 1) for line in
                       (root / "etc/tokenmill/serve.env").read_text().splitlines()
                       if line and line[0] != "#")
    assert environment["TOKENMILL_MODEL"] == "default", environment
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(root / "notify"))
    manager.settimeout(60)
    port_file = root / "port"
    with open(root / "log", "w+") as log:
        server = subprocess.Popen(
            [program, "serve", tiny_server.make_model(root), "--port", "0", "--port-file",
             port_file],
            env=dict(os.environ, NOTIFY_SOCKET=str(root / "notify")), stderr=log)
        try:
            assert manager.recv(100) == b"READY=1"
            port = int(port_file.read_text())
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            server.terminate()
            assert manager.recv(100) == b"STOPPING=1"
            assert server.wait(60) == 0
        finally:
            server.kill()
            log.seek(0)
            print(log.read())


def main():
    build_folder, cpack = sys.argv[1:]
    if not shutil.which("dpkg-deb") or not shutil.which("dpkg-shlibdeps"):
        print("no dpkg-deb and dpkg-shlibdeps here: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as scratch:
        package = build(pathlib.Path(scratch), build_folder, cpack)
        check_description(package)
        check_files(package)
        root = pathlib.Path(scratch) / "root"
        run("dpkg-deb", "--extract", package, root)
        program = check_program(root)
        check_unit(root, program)
        check_ready(root, program)
    print("the package is whole, and what it installs serves")


main()

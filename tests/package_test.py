#!/usr/bin/env python3
"""Packages from draft to served model, with minisign on the other side, and with everything that
an attacker may change."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

HOUSE = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
DRAFT = """format: tokenmill.package/1
name: tiny
version: 1.0.0
license: Apache-2.0
profiles:
  - {name: huge, model: ., isa: scalar, threads: 1000, context: 256000, kv_format: f32}
  - {name: small, model: ., isa: scalar, threads: 1, context: 1024, kv_format: q8}
  - {name: vast, model: ., isa: scalar, threads: 1, context: 1024, kv_format: f16,
     memory: {fixed: 1000000000000000, per_token: 1}}
"""


def call(*words, rc=0):
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=120)
    said = run.stdout + run.stderr
    assert run.returncode == rc, f"{words}: exit {run.returncode}, not {rc}: {said}"
    return said


def mill(*words, rc=0):
    return call(PROGRAM, *words, rc=rc)


def refused(words, said, rc=2):
    answer = mill(*words, rc=rc)
    assert said in answer, f"{words}: {said!r} is not in {answer!r}"
    assert answer.count("\n") == 1, f"more than a sentence: {answer!r}"


def prepare():
    golden = HOUSE / "tests/golden/families/llama3"
    pathlib.Path("model").mkdir()
    for path in [golden / "config.json", golden / "model.safetensors",
                 *(HOUSE / "tests/stories/tiny").glob("*.json")]:
        shutil.copy(path, "model")
    pathlib.Path("draft.yaml").write_text(DRAFT)
    for name in ["k", "other"]:
        call("minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.key")


def test_signatures():
    mill("package", "build", "draft.yaml", "model", "p")
    refused(["package", "verify", "p", "--trust", "k.pub"], "not signed")
    mill("package", "sign", "p", "--key", "k.key")
    assert "verified: tiny 1.0.0" in mill("package", "verify", "p", "--trust", "k.pub")
    base64 = pathlib.Path("k.pub").read_text().split("\n")[1]
    mill("package", "verify", "p", "--trust", base64)
    refused(["package", "verify", "p", "--trust", "other.pub"], "signed by the key")
    said = call("minisign", "-V", "-H", "-p", "k.pub", "-m", "p/manifest.yaml")
    assert "tiny 1.0.0 sha256:" in said, said
    call("minisign", "-S", "-W", "-s", "k.key", "-t", "by the tool", "-m", "p/manifest.yaml")
    mill("package", "verify", "p", "--trust", "k.pub")
    call("minisign", "-S", "-l", "-W", "-s", "k.key", "-m", "p/manifest.yaml")
    refused(["package", "verify", "p", "--trust", "k.pub"], "sign again without -l", rc=4)
    mill("package", "sign", "p", "--key", "k.key")


def edited(path, edit):
    """The package anew, with one of its files changed."""
    shutil.rmtree("bad", ignore_errors=True)
    shutil.copytree("p", "bad")
    edit(pathlib.Path("bad") / path)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def shorten(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\n")


def replace(old, new):
    return lambda path: path.write_text(path.read_text().replace(old, new))


def link(path):
    path.unlink()
    path.symlink_to(pathlib.Path("p").resolve() / path.name)


TAMPERED = [
    ("model.safetensors", flip, "model.safetensors is not the file that was signed"),
    ("tokenizer.json", flip, "tokenizer.json is not the file that was signed"),
    ("model.safetensors", shorten, "the manifest says"),
    ("tokenizer.json", lambda path: path.unlink(), "tokenizer.json is missing"),
    ("chat_template.jinja", lambda path: path.write_text("{{ 1 }}"), "is not in the manifest"),
    ("config.json", link, "config.json is a link"),
    ("manifest.yaml", replace("threads: 1\n", "threads: 2\n"), "signature is not of these bytes"),
    ("manifest.yaml", lengthen, "signature is not of these bytes"),
    ("manifest.yaml.minisig", replace("1.0.0", "1.0.1"), "trusted comment is not the one"),
]


def test_tampering():
    for path, edit, said in TAMPERED:
        edited(path, edit)
        refused(["serve", "bad", "--trust", "k.pub", "--port", "0"], said)
    refused(["serve", "p", "--port", "0"], "--trust KEY")
    refused(["serve", "p", "--trust", "other.pub", "--port", "0"], "signed by the key")
    refused(["serve", "model", "--trust", "k.pub", "--port", "0"], "is no package")


def test_profiles():
    said = mill("package", "list-profiles", "p", "--trust", "k.pub")
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert "compatible with less: threads" in lines["huge"], said
    assert lines["small"].endswith("compatible"), said
    assert "incompatible: " in lines["vast"] and "bytes of memory" in lines["vast"], said
    assert "chosen: small (the first compatible one" in said, said
    dry = mill("package", "run", "p", "--trust", "k.pub", "--dry-run")
    assert dry.splitlines()[-1] == said.splitlines()[-1], dry
    said = mill("package", "run", "p", "--trust", "k.pub", "--dry-run", "--profile", "vast", rc=4)
    assert "does not run here" in said, said
    said = mill("package", "list-profiles", "p", "--trust", "k.pub", "--profile", "none", rc=3)
    assert "there are huge, small, vast" in said, said


def test_server(command):
    words = [PROGRAM, *command, "p", "--trust", "k.pub", "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as server:
        try:
            url = json.loads(server.stdout.readline())["url"]
            body = {"prompt": "the mill", "max_tokens": 8, "temperature": 0}
            request = urllib.request.Request(url + "/completions", json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            answer = json.load(urllib.request.urlopen(request, timeout=60))
            assert answer["model"] == "tiny" and answer["choices"][0]["text"], answer
        finally:
            server.terminate()
        assert "chosen: small" in server.stderr.read()


def test_one_file():
    mill("package", "export", "p", "one.tar", "--trust", "k.pub")
    os.utime("p/config.json", (0, 0))
    mill("package", "export", "p", "two.tar", "--trust", "k.pub")
    one = pathlib.Path("one.tar").read_bytes()
    assert one == pathlib.Path("two.tar").read_bytes(), "the same package, other bytes"
    names = call("tar", "tf", "one.tar").split()
    assert names[:2] == ["manifest.yaml", "manifest.yaml.minisig"] and len(names) == 6, names
    mill("package", "import", "one.tar", "imported", "--trust", "k.pub")
    mill("package", "verify", "imported", "--trust", "k.pub")
    refused(["package", "import", "one.tar", "imported", "--trust", "k.pub"], "is there already")
    cuts = [(len(one) - 1024, "cut off"), (len(one) // 2, "too early"), (100, "cut off")]
    for size, said in cuts:
        pathlib.Path("cut.tar").write_bytes(one[:size])
        refused(["package", "import", "cut.tar", "none", "--trust", "k.pub"], said)
    flipped = bytearray(one)
    flipped[len(one) * 2 // 3] ^= 1
    pathlib.Path("cut.tar").write_bytes(flipped)
    mill("package", "import", "cut.tar", "none", "--trust", "k.pub", rc=2)
    assert not pathlib.Path("none").exists()


def entry(name, data=b"text", **fields):
    """A member of a tar; `size` may lie about its data."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, data


def own():
    """What every import begins with: manifest and signature."""
    return [entry(name, pathlib.Path("p", name).read_bytes())
            for name in ["manifest.yaml", "manifest.yaml.minisig"]]


def hostile(members, said, key="k.pub"):
    with open("hostile.tar", "wb") as file:
        for member, data in members:
            file.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict"))
            file.write(data + bytes(-len(data) % 512))
        file.write(bytes(1024))
    before = sorted(pathlib.Path("..").iterdir())
    refused(["package", "import", "hostile.tar", "none", "--trust", key], said)
    assert not list(pathlib.Path(".").glob("none*"))
    assert before == sorted(pathlib.Path("..").iterdir()), "something was written outside"


def test_hostile_archives():
    listed = entry("config.json", pathlib.Path("p/config.json").read_bytes())
    link = {"data": b"", "linkname": "/etc"}
    for member, said in [
            (entry("../evil"), "is no name"), (entry("/tmp/evil"), "is no name"),
            (entry("a/../../evil"), "is no name"),
            (entry("a", type=tarfile.SYMTYPE, **link), "is a link"),
            (entry("a", type=tarfile.LNKTYPE, **link), "is a link"),
            (entry("a", b"", type=tarfile.DIRTYPE), "is a link"),
            (entry("a", b"", type=tarfile.CHRTYPE), "is a link"),
            (entry("a"), "is not in the manifest"),
            (entry("config.json"), "config.json has 4 bytes; the manifest says"),
            (entry("config.json", size=9 << 30), f"config.json has {9 << 30} bytes;"),
            (entry("manifest.yaml"), "is not in the manifest, or is there twice")]:
        hostile([*own(), member], said)
    hostile([*own(), listed, listed], "is there twice")
    hostile([*own(), listed], "is missing")
    hostile([*own(), listed], "signed by the key", key="other.pub")
    hostile([listed, *own()], "config.json is where manifest.yaml should be")
    hostile([own()[0], listed], "config.json is where manifest.yaml.minisig should be")
    hostile([entry("manifest.yaml", bytes(2 << 20))], "more than 1048576 bytes")
    hostile([], "this is no tar")


def main():
    if not shutil.which("minisign"):
        print("skipped: there is no minisign (tools/install.py test)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "inside").mkdir()
        os.chdir(pathlib.Path(folder, "inside"))
        prepare()
        test_signatures()
        test_tampering()
        test_profiles()
        test_server(["serve"])
        test_server(["package", "run"])
        test_one_file()
        test_hostile_archives()
        os.chdir("/")
    print("packages: signed, carried, served; tampered and hostile ones refused")


main()

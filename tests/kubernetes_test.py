#!/usr/bin/env python3
"""The manifests of deploy/kubernetes, without a cluster.

    kubernetes_test.py PROGRAM SCRATCH

kubernetes-validate brings Kubernetes' own schemas, so it says what an API server would say of a
field; which of ours has to fit which other is checked here; and where kubectl is there, its dry run
and its kustomize have their say. That all of them can fail is tested, too, with broken manifests.
Exit code 77: skipped, and why.
"""

import copy
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading

HOUSE = pathlib.Path(__file__).resolve().parent.parent
FOLDER = HOUSE / "deploy" / "kubernetes"
PACKAGE = "kubernetes-validate==1.37.0"
VERSIONS = ["1.29", "1.37"]  # the oldest and the newest that are checked
CUSTOM = {"ServiceMonitor", "Kustomization"}  # kinds that Kubernetes itself does not know
DRAIN_SECONDS, USER = 30, 65532


def install(scratch):
    """Runs this script again with the schemas at hand."""
    python = scratch / "venv" / "bin" / "python"
    mark = scratch / f"installed-{PACKAGE}"
    if not mark.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        for words in [[sys.executable, "-m", "venv", scratch / "venv"],
                      [python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                       PACKAGE]]:
            done = subprocess.run(words, capture_output=True, text=True)
            if done.returncode != 0:
                print(f"skipped: {PACKAGE} cannot be installed here ({done.stderr.strip()[-200:]})")
                sys.exit(77)
        mark.touch()
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:], "--installed"]).returncode)


def manifests():
    """{kind: manifest}; each kind is there once."""
    import yaml
    found = {}
    for path in sorted(FOLDER.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if "kind" not in document:  # the adapter's rule
                continue
            assert document["kind"] not in found, f"{path}: another {document['kind']}"
            found[document["kind"]] = document
    return found


def schema_fault(manifest, version):
    """What Kubernetes' schema says against it, or None."""
    import kubernetes_validate
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as fault:
        return str(fault)
    return None


def options_of(program):
    return subprocess.run([program, "serve", "--help"], capture_output=True, text=True).stdout


def container(found):
    (only,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    return only


def check_pod(found, options):
    pod, inside = found["Deployment"]["spec"]["template"]["spec"], container(found)
    assert pod["terminationGracePeriodSeconds"] > DRAIN_SECONDS, "killed while it drains"
    assert pod["securityContext"]["runAsUser"] == USER and pod["securityContext"]["runAsNonRoot"]
    assert inside["securityContext"]["readOnlyRootFilesystem"]
    assert inside["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "preStop" not in json.dumps(inside)
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in inside["volumeMounts"]} == volumes
    variables = {row["name"] for row in inside["env"]} | set(found["ConfigMap"]["data"])
    for word in inside["args"]:
        if word.startswith("--"):
            assert f"{word} " in options, f"`serve` has no {word}"
        if word.startswith("$("):
            assert word[2:-1] in variables, f"{word} is defined nowhere"
    (keys,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert keys["secretName"] == found["Secret"]["metadata"]["name"]
    assert {"limits", "requests"} == set(inside["resources"])


def check_relations(found, options):
    """What no schema sees."""
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [found["Deployment"]["spec"]["selector"]["matchLabels"],
                 found["Service"]["spec"]["selector"],
                 found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                 found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    for selector in selectors:
        assert selector == labels, f"{selector} selects other pods than {labels}"
    assert found["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items() <= \
        found["Service"]["metadata"]["labels"].items()
    ports = {port["name"] for port in container(found)["ports"]}
    (port,) = found["Service"]["spec"]["ports"]
    assert port["targetPort"] in ports, f"{port['targetPort']} is none of {ports}"
    (endpoint,) = found["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint["port"] == port["name"]
    probes = {name: container(found)[name]["httpGet"] for name in
              ["startupProbe", "livenessProbe", "readinessProbe"]}
    assert {probe["port"] for probe in probes.values()} == ports
    assert [probe["path"].rsplit("/", 1)[1] for probe in probes.values()] == ["ready", "live",
                                                                             "ready"]
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": found["Deployment"]["apiVersion"], "kind": "Deployment",
                      "name": found["Deployment"]["metadata"]["name"]}
    namespace = found["Namespace"]["metadata"]["name"]
    for kind, manifest in found.items():
        if kind not in ("Namespace", "Kustomization"):
            assert manifest["metadata"]["namespace"] == namespace, kind
    check_pod(found, options)


def check(found, options):
    for version in VERSIONS:
        for kind, manifest in found.items():
            fault = None if kind in CUSTOM else schema_fault(manifest, version)
            assert fault is None, f"{kind}, Kubernetes {version}: {fault}"
    check_relations(found, options)


def change(path, value):
    """A manifest with one field of it set, or removed where the value is None."""
    def edit(found):
        at = found
        for step in path[:-1]:
            at = at[step]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return edit


POD = ("Deployment", "spec", "template", "spec")
BROKEN = {
    "a misspelt field": change((*POD, "terminationGracePeriodSecond"), 45),
    "text for a number": change(("Deployment", "spec", "replicas"), "two"),
    "no selector": change(("Deployment", "spec", "selector"), None),
    "a version that is gone": change(("HorizontalPodAutoscaler", "apiVersion"),
                                     "autoscaling/v2beta2"),
    "a probe's typo": change((*POD, "containers", 0, "livenessProbe", "httpget"), {}),
    "another pod's service": change(("Service", "spec", "selector"), {"app": "other"}),
    "a port of no name": change(("Service", "spec", "ports", 0, "targetPort"), "https"),
    "no time to drain": change((*POD, "terminationGracePeriodSeconds"), 30),
    "a root that is written": change(
        (*POD, "containers", 0, "securityContext", "readOnlyRootFilesystem"), False),
    "root": change((*POD, "securityContext", "runAsUser"), 0),
    "an option of no server": change((*POD, "containers", 0, "args", 0), "--thread"),
    "a variable of nobody": change(("ConfigMap", "data", "CONTEXT"), None),
    "another deployment's scale": change(
        ("HorizontalPodAutoscaler", "spec", "scaleTargetRef", "name"), "other"),
}


def check_broken(found, options):
    for what, edit in BROKEN.items():
        broken = copy.deepcopy(found)
        edit(broken)
        try:
            check(broken, options)
        except AssertionError:
            continue
        raise AssertionError(f"{what} was taken")


# What an API server answers to the question which kinds there are: all that kubectl's dry run on
# the client's side asks for.
GROUPS = {
    "v1": {"Namespace": "namespaces", "ConfigMap": "configmaps", "Secret": "secrets",
           "Service": "services"},
    "apps/v1": {"Deployment": "deployments"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
}


def discovery(path):
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        names = [group.split("/") for group in GROUPS if "/" in group]
        versions = [{"groupVersion": f"{name}/{version}", "version": version}
                    for name, version in names]
        return {"kind": "APIGroupList", "apiVersion": "v1",
                "groups": [{"name": name, "versions": [row], "preferredVersion": row}
                           for (name, _), row in zip(names, versions)]}
    group = path.removeprefix("/apis/").removeprefix("/api/")
    if group not in GROUPS:
        return None
    return {"kind": "APIResourceList", "groupVersion": group,
            "resources": [{"name": plural, "singularName": "", "kind": kind, "verbs": ["create"],
                           "namespaced": kind != "Namespace"}
                          for kind, plural in GROUPS[group].items()]}


class StandIn(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = discovery(self.path.split("?")[0])
        text = json.dumps(answer or {"kind": "Status", "code": 404}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def dry_run(kubectl, port, path):
    words = [kubectl, "--kubeconfig=/dev/null", f"--server=http://127.0.0.1:{port}", "create",
             "--dry-run=client", "--validate=false", "-o", "name", "-f", str(path)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def check_kubectl(found, scratch):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        print("no kubectl here: its dry run is left out")
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    for kind, manifest in found.items():
        if kind in CUSTOM:
            continue
        path = scratch / "manifest.json"
        path.write_text(json.dumps(manifest))
        done = dry_run(kubectl, port, path)
        assert done.returncode == 0, f"{kind}: {done.stderr}"
        path.write_text(json.dumps(dict(manifest, kind=kind + "s")))
        assert dry_run(kubectl, port, path).returncode != 0, f"kubectl knows a {kind}s"
    server.shutdown()
    built = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True)
    if "unknown command" in built.stderr:  # before 1.21 it was called otherwise
        return
    assert built.returncode == 0, built.stderr
    assert "image: registry.example/smollm2:1.0.0" in built.stdout, built.stdout
    print("kubectl's dry run takes all of them, and kustomize builds them")


def main():
    program, scratch = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    if "--installed" not in sys.argv:
        install(scratch)
    found, options = manifests(), options_of(program)
    check(found, options)
    check_broken(found, options)
    check_kubectl(found, scratch)
    print(f"{len(found)} manifests fit Kubernetes {' and '.join(VERSIONS)} and each other; "
          f"{len(BROKEN)} broken ones were refused")


main()

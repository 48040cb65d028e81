"""For tests: a certificate authority of one's own, by the openssl command; what
docs/operating.md shows, too."""

import os
import pathlib
import subprocess


def openssl(folder, *words, text=""):
    return subprocess.run(["openssl", *map(str, words)], cwd=folder, input=text, text=True,
                          check=True, capture_output=True).stdout


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.file = self.folder / f"{name}.crt"
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", 30, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.crt")

    def sign(self, name, days=30):
        """(certificate, key) for 127.0.0.1, as files; negative days = it has expired."""
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt",
                "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", days,
                "-copy_extensions", "copy", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


def put(source, target):
    """Replaces a file by a rename, as whoever renews certificates does."""
    fresh = pathlib.Path(f"{target}.fresh")
    fresh.write_bytes(pathlib.Path(source).read_bytes())
    fresh.chmod(0o600)
    os.replace(fresh, target)

"""Certificates of a test's own authority, in PEM files."""
import os
import subprocess


class Authority:
    def __init__(self, folder: str, name: str = "authority"):
        self.folder = folder
        self.file, self.key = self._paths(name)
        self._openssl("req", "-x509", *self._new_key(self.key), "-subj", f"/CN={name}", "-days", "30", "-out", self.file)

    def issue(self, file: str, *names: str, days: int = 90) -> tuple[str, str]:
        """A certificate for these names and its key, as FILE.pem and FILE.key; what was there is replaced."""
        certificate, key = self._paths(file)
        request, extensions = certificate + ".request", certificate + ".extensions"
        with open(extensions, "w") as out:
            out.write("basicConstraints=CA:FALSE\nsubjectAltName=" + ",".join("DNS:" + name for name in names) + "\n")
        self._openssl("req", "-new", *self._new_key(key + ".new"), "-subj", f"/CN={names[0]}", "-out", request)
        signing = ["-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial"]
        self._openssl("x509", *signing, "-days", str(days), "-extfile", extensions, "-out", certificate + ".new")
        os.replace(key + ".new", key)
        os.replace(certificate + ".new", certificate)
        return certificate, key

    def _paths(self, name: str) -> tuple[str, str]:
        return os.path.join(self.folder, name + ".pem"), os.path.join(self.folder, name + ".key")

    @staticmethod
    def _new_key(file: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file]

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

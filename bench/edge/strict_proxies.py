"""nginx, HAProxy and standin, each in front of the recorder, with equal limits and otherwise as they come."""
import contextlib
import pathlib
import subprocess

import processes

PROGRAM = processes.STANDIN

NGINX = """daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  large_client_header_buffers 4 32k; client_max_body_size 1m;
  upstream recorder {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://recorder; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    }}
  }}
}}
"""

# The head must fit into a buffer, less what is kept for rewriting.
HAPROXY = """global
  tune.bufsize 33792
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend edge
  bind 127.0.0.1:{port}
  default_backend recorder
backend recorder
  server recorder 127.0.0.1:{upstream}
"""

STANDIN = """[server]
listen = [{{ address = "127.0.0.1:{port}", http2 = false }}]
limits = {{ streamed_body = "1MiB" }}
[console]
listen = "127.0.0.1:{console}"
[journal]
url      = "sqlite:journal.db"
key_file = "journal.keys"
[upstream.recorder]
targets = ["http://127.0.0.1:{upstream}"]
breaker = {{ consecutive = 1000, minimum = 1000 }}
[[route]]
name     = "everything"
match    = "*"
upstream = "recorder"
"""


def _version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def versions() -> dict[str, str]:
    return {
        "nginx": _version(["nginx", "-v"]).removeprefix("nginx version: nginx/"),
        "HAProxy": _version(["haproxy", "-v"]).removeprefix("HAProxy version ").split(" ")[0],
    }


@contextlib.contextmanager
def _serving(folder: pathlib.Path, text: str, name: str, command: list, upstream: int):
    port, console = processes.free_ports(2)
    folder.mkdir()
    (folder / name).write_text(text.format(folder=folder, port=port, console=console, upstream=upstream))
    if command[0] == PROGRAM:
        processes.run([PROGRAM, "keys", "new", folder / "journal.keys"])
    with processes.serving([*command, folder / name], port, folder):
        yield port


def nginx(folder: pathlib.Path, upstream: int):
    return _serving(folder, NGINX, "nginx.conf", ["nginx", "-c"], upstream)


def haproxy(folder: pathlib.Path, upstream: int):
    return _serving(folder, HAPROXY, "haproxy.cfg", ["haproxy", "-db", "-f"], upstream)


def standin(folder: pathlib.Path, upstream: int):
    return _serving(folder, STANDIN, "standin.toml", [PROGRAM, "serve", "-c"], upstream)


PROXIES = {"standin": standin, "nginx": nginx, "HAProxy": haproxy}

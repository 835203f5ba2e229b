"""Other programs that run N workers of a server: PM2, gunicorn, nginx."""

import os
import shutil
import subprocess

from common.markdown import say
from common.processes import Running, children, group_nice, set_group_nice, until
from common.servers import answer, answers, free_port, node_command

GUNICORN_APPLICATION = """
import os

BODY = b"%d\\n" % os.getpid()


def application(environment, start):
    start("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]
"""

# Each nginx of its own below clusterize differs in its directory only.
NGINX_CONFIGURATION = """
daemon off;
worker_processes %(workers)d;
pid nginx.pid;
error_log /dev/null;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:%(port)d %(parameters)s;
        return 200 "$pid\\n";
    }
}
"""


class Pm2:
    """Node's http server under PM2, in its cluster mode; its daemon is what `pid` names."""

    def __init__(self, setting, workers):
        self.setting = setting
        self.workers = workers
        self.port = free_port()
        self.home = setting.directory / "pm2-home"
        self.environment = {**os.environ, "PM2_HOME": str(self.home), "PORT": str(self.port)}

    def install(self):
        place = self.setting.directory / "npm"
        if not place.exists():
            say("installing PM2 into a temporary directory")
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(place),
                            "pm2"], check=True, stdout=subprocess.DEVNULL, cwd=self.setting.directory)
        return place / "node_modules/.bin/pm2"

    def call(self, *words):
        return subprocess.run([shutil.which("node"), self.install(), *words], env=self.environment, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()

    def version(self):
        return self.call("--version").split()[-1]

    def __enter__(self):
        try:
            self.call("start", str(node_command(self.setting)[1]), "-i", str(self.workers))
            self.pid = int((self.home / "pm2.pid").read_text())
            set_group_nice(group_nice(), self.pid)  # it has begun a session of its own
            seen = set()
            until(lambda: seen.add(answer(self.port)) or len(seen - {None}) == self.workers, "PM2's workers")
        except BaseException:
            self.call("kill")
            raise
        return self

    def __exit__(self, *_):
        self.call("kill")


class Gunicorn(Running):
    """Its own workers, of the kind that it takes where nothing is said."""

    def __init__(self, setting, workers):
        self.workers = workers
        self.port = free_port()
        super().__init__(gunicorn_command(setting, workers, f"127.0.0.1:{self.port}"),
                         stderr=subprocess.DEVNULL, cwd=setting.directory)

    def __enter__(self):
        super().__enter__()
        until(lambda: len(children(self.pid)) == self.workers and answers(self.port), "gunicorn's workers")
        return self


def gunicorn_command(setting, workers, address):
    """None where it is not installed."""
    gunicorn = shutil.which("gunicorn")
    if gunicorn is None:
        return None
    (setting.directory / "gunicorn_application.py").write_text(GUNICORN_APPLICATION)
    return [gunicorn, "--workers", workers, "--bind", address, "--log-level", "critical", "--chdir",
            setting.directory, "--worker-tmp-dir", "/dev/shm", "gunicorn_application"]


class Nginx(Running):
    """Its own workers, each with a socket of its own."""

    def __init__(self, setting, workers):
        self.workers = workers
        self.port = free_port()
        super().__init__(nginx_command(setting, "own", workers, self.port, "reuseport"), stderr=subprocess.DEVNULL)

    def __enter__(self):
        super().__enter__()
        until(lambda: len(children(self.pid)) == self.workers and answers(self.port), "nginx's workers")
        return self


def nginx_command(setting, name, workers, port, parameters=""):
    """None where it is not installed."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None:
        return None
    setting.directory.chmod(0o711)  # its workers may be another user's
    place = setting.directory / f"nginx-{name}"
    place.mkdir(exist_ok=True)
    configuration = {"workers": workers, "port": port, "parameters": parameters}
    (place / "nginx.conf").write_text(NGINX_CONFIGURATION % configuration)
    return [nginx, "-e", "/dev/null", "-p", place, "-c", "nginx.conf"]

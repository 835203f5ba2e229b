"""Servers that are measured, bare, below clusterize and below Node's cluster module. Each answers with its process id."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys

from common.processes import Cluster, Running, until
from common.tiers import prefix

# An http server as it is written without any cluster in mind.
NODE_SERVER = """
require('http').createServer((request, response) => response.end(process.pid + '\\n'))
    .listen(+process.env.PORT, '127.0.0.1');
"""

# From Node 22.12 and 23.1 on.
NODE_REUSE_PORT = """
require('http').createServer((request, response) => response.end(process.pid + '\\n'))
    .listen({ port: +process.argv[2], host: '127.0.0.1', reusePort: true });
"""

NODE_PRIMARY = """
const cluster = require('cluster'), http = require('http');
if (cluster.isPrimary) {
    let listening = 0;
    cluster.on('listening', () => {
        if (++listening == +process.argv[2]) console.log('listening');
    });
    for (let i = 0; i < +process.argv[2]; ++i) cluster.fork();
} else
    http.createServer((request, response) => response.end(process.pid + '\\n'))
        .listen(+process.argv[3], '127.0.0.1');
"""


def node_version(node):
    return subprocess.run([node, "--version"], stdout=subprocess.PIPE,
                          check=True).stdout.decode().strip().lstrip("v")


def node_command(setting, name="server.js", script=NODE_SERVER):
    """The command of a Node program; None where there is no Node."""
    node = shutil.which("node")
    if node is None:
        return None
    path = setting.directory / name
    path.write_text(script)
    return [node, path]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port):
    """The body of an answer, None where there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            head, _, body = b"".join(iter(lambda: client.recv(4096), b"")).partition(b"\r\n\r\n")
            return body if head.startswith(b"HTTP/1.1 200") else None
    except OSError:
        return None


def answers(port):
    return answer(port) is not None


def queues(port):
    """The lengths of the queues of all sockets that listen on it; /proc/net/tcp shows them as received bytes."""
    lines = pathlib.Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    sockets = [words for words in map(str.split, lines)
               if words[1].endswith(f":{port:04X}") and words[3] == "0A"]
    return [int(words[4].split(":")[1], 16) for words in sockets]


class Bare:
    """N copies of a server that opens its own socket with SO_REUSEPORT, nothing above them. Its port is the last word
    of the command."""

    def __init__(self, command, workers):
        self.port = free_port()
        self.servers = [Running([*command, self.port]) for _ in range(workers)]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.enter_context(server)
            until(lambda: len(queues(self.port)) == len(self.servers), "servers")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()


class Clustered(Cluster):
    """N workers on one port, balanced by that tier and no other."""

    def __init__(self, setting, workers, tier, command, options=(), port=0):
        self.tier = tier
        super().__init__(setting.binary, ["-n", str(workers), "-p", f"127.0.0.1:{port}", "--balance", tier.policy,
                                          *options], command, prefix(tier))

    def __enter__(self):
        super().__enter__()
        with contextlib.ExitStack() as stack:
            stack.push(super().__exit__)
            balance = self.wait("setup")["balance"]
            # The kernel's program is still on its way.
            awaited = {"up"}
            if self.tier.policy == "rr" and balance["tier"] == "classic BPF":
                awaited.add("balance")
            for event in self.events():
                if event["event"] not in awaited:
                    continue
                awaited.remove(event["event"])
                if event["event"] == "up":
                    self.port = event["listeners"][0]["port"]
                else:
                    balance = event["balance"]
                if not awaited:
                    break
            if awaited or balance["tier"] != self.tier.reports:
                sys.exit(f"bench/run: {self.tier.name} was asked for, this is in force: {balance}")
            stack.pop_all()
        return self


class NodeCluster(Running):
    def __init__(self, setting, workers, policy="rr"):
        self.port = free_port()
        super().__init__([*node_command(setting, "primary.js", NODE_PRIMARY), workers, self.port],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env={**os.environ, "NODE_CLUSTER_SCHED_POLICY": policy})

    def __enter__(self):
        super().__enter__()
        if self.process.stdout.readline() != b"listening\n":
            sys.exit("bench/run: Node's workers do not listen")
        return self

    def __exit__(self, *args):
        super().__exit__(*args)
        self.process.stdout.close()

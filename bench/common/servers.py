"""Servers that are measured, bare, below clusterize and below Node's cluster module."""

import contextlib
import os
import socket
import subprocess

from common.processes import Cluster, Running, children, until


NODE_PRIMARY = """
const cluster = require('cluster'), http = require('http');
if (cluster.isPrimary)
    for (let i = 0; i < +process.argv[2]; ++i) cluster.fork();
else
    http.createServer((request, response) => {
        response.setHeader('Connection', 'close');
        response.end('ok\\n');
    }).listen(+process.argv[3], '127.0.0.1');
"""


NODE_SERVER = """
require('http').createServer((request, response) => {
    response.setHeader('Connection', 'close');
    response.end('ok\\n');
}).listen({ fd: 3 });
"""


def node_version(node):
    return subprocess.run([node, "--version"], stdout=subprocess.PIPE,
                          check=True).stdout.decode().strip().lstrip("v")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return client.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class Bare:
    """N copies of a server that opens its own socket with SO_REUSEPORT, nothing above them."""

    def __init__(self, server, workers):
        self.port = free_port()
        self.servers = [Running([server, self.port]) for _ in range(workers)]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.enter_context(server)
            until(lambda: all(self.listens(server.pid) for server in self.servers), "servers")
            self.stack = stack.pop_all()
        return self

    def listens(self, pid):
        # Its epoll descriptor comes after listen().
        return any("eventpoll" in os.readlink(f"/proc/{pid}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{pid}/fd"))

    def __exit__(self, *_):
        self.stack.close()


class Clustered(Cluster):
    def __init__(self, binary, workers, balance, command):
        super().__init__(binary, ["-n", str(workers), "-p", "127.0.0.1:0", "--balance", balance],
                         command)

    def __enter__(self):
        super().__enter__()
        self.port = self.wait("up")["listeners"][0]["port"]
        return self


class NodeCluster(Running):
    def __init__(self, node, script, workers):
        self.port = free_port()
        self.workers = workers
        super().__init__([node, script, workers, self.port], stderr=subprocess.DEVNULL)

    def __enter__(self):
        super().__enter__()
        until(lambda: len(children(self.pid)) == self.workers and answers(self.port), "Node")
        return self

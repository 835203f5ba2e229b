"""A UDP server: every datagram is answered with the id of this process and what came."""

import os
import signal
import socket
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = socket.socket(fileno=3)
assert server.type == socket.SOCK_DGRAM, server
while True:
    data, client = server.recvfrom(2000)
    server.sendto(b"%d %s" % (os.getpid(), data), client)

"""Serves AWS calls on a free port of 127.0.0.1, which is the one line of standard output.

The server ends when standard input does. That also happens when the parent dies without a chance to
clean up, so that no run can leave a server behind.
"""

import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
server.stop()

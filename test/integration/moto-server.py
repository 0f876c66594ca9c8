"""Serves AWS calls on a free port of 127.0.0.1, which is the one line of standard output.

The server ends when standard input does. That also happens when the parent dies without a chance to
clean up, so that no run can leave a server behind.
"""

import sys
from datetime import timedelta

from moto.ec2.models import flow_logs
from moto.server import ThreadedMotoServer

# Flow logs are older than the records of the suite, as in AWS: there nothing is logged before.
now = flow_logs.utcnow
flow_logs.utcnow = lambda: now() - timedelta(days=30)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
server.stop()

"""Serves AWS calls on a free port of 127.0.0.1, which is the one line of standard output.

The server ends when standard input does. That also happens when the parent dies without a chance to
clean up, so that no run can leave a server behind.
"""

import sys
from contextvars import ContextVar
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto.ec2.models import flow_logs
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

# Flow logs are older than the records of the suite, as in AWS: there nothing is logged before.
now = flow_logs.utcnow
flow_logs.utcnow = lambda: now() - timedelta(days=30)

# KMS signs a digest as it is; moto would hash it once more ("MessageType", AWS KMS API Reference).
message_type = ContextVar("message_type", default="RAW")
answer_sign, sign_message = KmsResponse.sign, ECDSAPrivateKey.sign


def answer_sign_of_type(response):
    message_type.set(response._get_param("MessageType") or "RAW")
    return answer_sign(response)


def sign_of_type(key, message, signing_algorithm):
    if message_type.get() != "DIGEST":
        return sign_message(key, message, signing_algorithm)
    return key.private_key.sign(message, ec.ECDSA(Prehashed(SHA256())))


KmsResponse.sign, ECDSAPrivateKey.sign = answer_sign_of_type, sign_of_type

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
server.stop()

"""Runs a command on a terminal of its own and types into it; prints what was shown as JSON.

Standard input: {"command": [...], "environment": {...}, "rows": 24, "columns": 100,
"steps": [{"type": text, "until": text}]}. Each step types its text, then waits until the other text was
shown (at most 30 seconds). Standard output: {"shown": [one text a step], "exit": code or null}.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

SECONDS = 30


def read(terminal, until):
    """What is shown until a text is, the other side closes, or time is up."""
    shown = b""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and (until is None or until.encode() not in shown):
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if not ready:
            continue
        try:
            got = os.read(terminal, 65536)
        except OSError:
            break
        if not got:
            break
        shown += got
    return shown.decode(errors="replace")


task = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    os.environ.update(task["environment"])
    os.execvp(task["command"][0], task["command"])
fcntl.ioctl(
    terminal, termios.TIOCSWINSZ, struct.pack("HHHH", task["rows"], task["columns"], 0, 0)
)
shown = []
for step in task["steps"]:
    if step["type"]:
        os.write(terminal, step["type"].encode())
    shown.append(read(terminal, step["until"]))
exit_code = None
end = time.monotonic() + SECONDS
while exit_code is None and time.monotonic() < end:
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        exit_code = os.waitstatus_to_exitcode(status)
    else:
        time.sleep(0.05)
if exit_code is None:
    os.kill(child, 9)
print(json.dumps({"shown": shown, "exit": exit_code}))

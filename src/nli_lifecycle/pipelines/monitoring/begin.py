"""A script that becomes a detached command, and leaves a mark in the same moment.

    python begin.py MARK LOCK PROGRAM [ARGUMENT …]

It knows the standard library only, as it is started by its path. MARK is the file to leave, LOCK
the number of an inherited file descriptor that holds a lock; becoming the command closes it.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(mark: str, lock: int, argv: list[str]) -> None:
    """Leave the caller, mark, and become the command; without the mark where that fails."""
    if os.fork():
        os._exit(0)  # whoever started this need not wait for the command
    os.set_inheritable(lock, False)
    unfinished = f"{mark}.unfinished"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(
            {"pid": os.getpid(), "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}, file
        )
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, mark)
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        os.unlink(mark)
        print(f"{argv[0]} cannot be run: {error}", file=sys.stderr, flush=True)
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])

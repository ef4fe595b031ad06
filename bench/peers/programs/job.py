"""What the programs in Python share: the job they are given, and its objects."""

import json
import os
import sys

# See `Job` in ../peer.ts; `names` is a file with the names of many objects, one a line.
JOB = json.loads(sys.argv[1])


def items():
    """Key and file of each object; directories of downloads are made."""
    if JOB.get("names") is None:
        return [(JOB["key"], JOB["path"])]
    with open(JOB["names"], encoding="utf-8") as file:
        names = file.read().split()
    pairs = [(JOB["key"] + name, os.path.join(JOB["path"], name)) for name in names]
    if JOB["operation"] == "download":
        for directory in {os.path.dirname(path) for _, path in pairs}:
            os.makedirs(directory, exist_ok=True)
    return pairs

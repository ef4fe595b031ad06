"""One job by boto3, as its documentation shows it."""

from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from job import JOB, items

READ_SIZE = 1024 * 1024

SETTINGS = JOB.get("settings")
# Source of the default: max_pool_connections of botocore, max_concurrency of boto3.
CONCURRENCY = 10 if SETTINGS is None else SETTINGS["concurrency"]
BUCKET = JOB["bucket"]

client = boto3.client(
    "s3",
    endpoint_url=JOB["endpoint"],
    config=Config(max_pool_connections=CONCURRENCY),
)


def transfer_config():
    options = {}
    if SETTINGS is not None:
        options["multipart_chunksize"] = SETTINGS["partSize"]
        options["max_concurrency"] = CONCURRENCY
    # Many objects have the threads of a pool already.
    return TransferConfig(use_threads=JOB["count"] == 1, **options)


def read(key):
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"]
    size = sum(len(chunk) for chunk in body.iter_chunks(READ_SIZE))
    if size != JOB["size"]:
        raise ValueError(f"read {size} bytes of {JOB['size']}")


def move(item):
    key, path = item
    if JOB["operation"] == "upload":
        client.upload_file(path, BUCKET, key, Config=config)
    else:
        client.download_file(BUCKET, key, path, Config=config)


if JOB["operation"] == "read":
    read(JOB["key"])
else:
    config = transfer_config()
    if JOB["count"] == 1:
        move((JOB["key"], JOB["path"]))
    else:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            for _ in pool.map(move, items()):
                pass

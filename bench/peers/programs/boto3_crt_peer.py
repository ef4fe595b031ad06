"""
One job by the CRT's transfer manager in s3transfer, put together as boto3 does it, but with the
endpoint and the certificate of the job.
"""

import os
from collections import deque

import botocore.session
from boto3.s3.transfer import TransferConfig
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

from job import JOB, items

SETTINGS = JOB.get("settings")


def transfer_manager():
    session = botocore.session.get_session()
    credentials = BotocoreCRTCredentialsWrapper(session.get_credentials())
    client = create_s3_crt_client(
        JOB["region"],
        crt_credentials_provider=credentials.to_crt_credentials_provider(),
        use_ssl=JOB["endpoint"].startswith("https:"),
        verify=os.environ.get("AWS_CA_BUNDLE"),
    )
    serializer = BotocoreCRTRequestSerializer(
        session, {"region_name": JOB["region"], "endpoint_url": JOB["endpoint"]}
    )
    options = {}
    if SETTINGS is not None:
        options["multipart_chunksize"] = SETTINGS["partSize"]
        options["max_concurrency"] = SETTINGS["concurrency"]
    config = TransferConfig(preferred_transfer_client="crt", **options)
    return CRTTransferManager(client, serializer, config=config)


with transfer_manager() as manager:
    under_way = deque()
    for key, path in items():
        # The manager has a bound of its own.
        if SETTINGS is not None and len(under_way) == SETTINGS["concurrency"]:
            under_way.popleft().result()
        if JOB["operation"] == "upload":
            under_way.append(manager.upload(path, JOB["bucket"], key))
        else:
            under_way.append(manager.download(JOB["bucket"], key, path))
    for future in under_way:
        future.result()

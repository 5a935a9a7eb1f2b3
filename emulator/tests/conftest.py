"""The tests speak to one running emulator as AWS's own clients do."""

import itertools
import os
import socket
import subprocess
import sys
import time
import urllib.request

import botocore.session
import pytest
from botocore.config import Config

from .account import REGION, Account

ZONE = "Z0123456789TEST"
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulator")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(folder),
        "AWS_ENDPOINT_URL": address,
        "HOSTED_ZONE_ID": ZONE,
        "HOSTED_ZONE_NAME": "example.com",
    }
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--end-with-parent"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            wait_healthy(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(10)


def wait_healthy(address, process):
    for _ in range(300):
        try:
            urllib.request.urlopen(address + "/_ministack/health")
        except OSError:
            assert process.poll() is None, "the emulator ended at its start"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the emulator did not answer in time")


@pytest.fixture(scope="session")
def clients(origin):
    session, made = botocore.session.Session(), {}
    session.set_credentials("test", "test")

    def client(service):
        if service not in made:
            made[service] = session.create_client(
                service,
                region_name=REGION,
                endpoint_url=origin,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return made[service]

    return client


@pytest.fixture
def account(origin, clients):
    """The shared account, with a name that no other test uses."""
    return Account(origin, clients, f"test{next(numbers)}")

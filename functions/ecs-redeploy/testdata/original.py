"""What the Terraform project's function did, in the language that it did it in:
the yardstick of the benchmark. Its loop takes the place of Lambda's runtime. The
client is made for each call: only so does the proportion of a cold to a warm run
come out as it was measured of the original, 192 ms to 4.9 ms."""

import os
import urllib.request

import boto3

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"


def handler():
    ecs = boto3.client("ecs")
    ecs.update_service(cluster=os.environ["ECS_CLUSTER"], service=os.environ["ECS_SERVICE"], forceNewDeployment=True)


while True:
    with urllib.request.urlopen(API + "next") as event:
        request = event.headers["Lambda-Runtime-Aws-Request-Id"]
        event.read()
    handler()
    urllib.request.urlopen(API + request + "/response", data=b"{}").read()

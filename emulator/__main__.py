"""Start MiniStack with every module of this package in effect."""

import os
import sys
import threading

from ministack import app

from . import (  # noqa: F401
    autoscaling,
    balancing_rules,
    cloudwatch,
    control,
    ec2,
    ecr,
    ecs,
    rds,
    rds_restore,
    route53,
    s3,
    secretsmanager,
    waf,
)
from .iam import functions, owners, registry, requests, rules, services, tasks, web_identity  # noqa: F401

# isort: split
from . import refusals  # noqa: F401  last, for the types that the others add


def end_with_parent():
    """End when the process that started this one, and holds the other end of its
    standard input, is gone, however it ended."""

    def watch():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


if "--end-with-parent" in sys.argv:
    sys.argv.remove("--end-with-parent")
    end_with_parent()
app.main()

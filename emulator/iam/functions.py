"""Lambda: a function has its role's credentials, and Lambda acts as the role around it."""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from ..core import wrapped
from . import principals
from .access import RefusedError, require, require_trust
from .actions import stream_arn

LAMBDA = principals.Service("lambda.amazonaws.com")


def session_of(config):
    return principals.Session(config["Role"].rpartition("/")[2], config["FunctionName"])


def execution_credentials(config):
    try:
        require_trust(LAMBDA, config["Role"])
    except RefusedError as refusal:
        raise RuntimeError("The role defined for the function cannot be assumed by Lambda.") from refusal
    return principals.open_session(config["Role"], config["FunctionName"])


for module in (lambda_runtime, lambda_svc):
    module.execution_credentials = execution_credentials


@wrapped(lambda_svc, "_emit_lambda_logs")
def emit_logs(original, func, *args, **kwargs):
    """A function whose role may not write its log has none."""
    config = func.get("config") or func
    name = config["FunctionName"]
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    stream = stream_arn(group, "*").replace("*", lambda_svc.new_uuid())
    try:
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            require(session_of(config), action, stream)
    except RefusedError:
        return
    original(func, *args, **kwargs)


@wrapped(lambda_svc, "_route_async_failure")
def route_async_failure(original, target_arn, func_name, event, result):
    """Lambda sends to a destination with the function's role:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    session = session_of(lambda_svc._functions[func_name]["config"])
    send = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
    try:
        require(session, send[target_arn.split(":")[2]], target_arn)
    except RefusedError as refusal:
        lambda_svc.logger.error("Lambda %s: %s", func_name, refusal)
        return
    original(target_arn, func_name, event, result)

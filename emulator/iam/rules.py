"""EventBridge: a rule may do to its targets what their policies let it, and what it can't
deliver goes to the target's dead-letter queue."""

import contextvars
import json
import os

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, lambda_svc

from ..core import wrapped
from .access import RefusedError, require
from .principals import Service

SEND = {"lambda": "lambda:InvokeFunction", "sns": "sns:Publish", "sqs": "sqs:SendMessage"}

_rule = contextvars.ContextVar("rule")


class UndeliveredError(Exception):
    """A target did not take an event."""


@wrapped(eventbridge, "_invoke_target")
def invoke_target(original, target, event, rule, view=None):
    _rule.set((target, rule))
    original(target, event, rule, view)


def deliver(arn, payload, send):
    """Send an event to a target, or else to its dead-letter queue."""
    target, rule = _rule.get()
    principal = Service("events.amazonaws.com", rule["Arn"])
    try:
        require(principal, SEND[arn.split(":")[2]], arn)
        if os.path.exists(os.environ.get("EMULATOR_TARGETS_DOWN", "")):
            raise UndeliveredError("the target can't be reached")
        send()
    except (RefusedError, UndeliveredError) as reason:
        eventbridge.logger.warning("EventBridge: rule %s: %s", rule["Name"], reason)
        if queue := (target.get("DeadLetterConfig") or {}).get("Arn"):
            send_dead_letter(principal, queue, payload)


def send_dead_letter(principal, queue, payload):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    try:
        require(principal, "sqs:SendMessage", queue)
    except RefusedError as refusal:
        eventbridge.logger.error("EventBridge: the event is lost: %s", refusal)
        return
    to_queue(parse_arn(queue), payload)


to_queue = eventbridge._dispatch_to_sqs


@wrapped(eventbridge, "_dispatch_to_sns")
def dispatch_to_sns(original, arn, payload):
    deliver(arn, payload, lambda: original(arn, payload))


@wrapped(eventbridge, "_dispatch_to_sqs")
def dispatch_to_sqs(original, spec, payload, parameters=None):
    deliver(str(spec), payload, lambda: original(spec, payload, parameters))


@wrapped(eventbridge, "_dispatch_to_lambda")
def dispatch_to_lambda(original, arn, payload):
    """EventBridge invokes a function asynchronously: Lambda repeats what fails, and then
    sends it to the function's destination."""
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    record = lambda_svc._execution_record_for_config(function, config)
    deliver(arn, payload, lambda: lambda_svc.invoke_async_with_retry(record, json.loads(payload)))

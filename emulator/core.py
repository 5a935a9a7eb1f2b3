"""What the modules share."""

import contextvars
import functools
import importlib.metadata
import os
import threading

ORIGIN = os.environ["AWS_ENDPOINT_URL"]  # of this server; its functions dial it


def after(seconds, action, *args):
    """Run an action later, in the account and region of this request."""
    context = contextvars.copy_context()
    timer = threading.Timer(seconds, context.run, (action, *args))
    timer.daemon = True
    timer.start()


def wrapped(module, name):
    """Replace a function of MiniStack by one whose first argument is the original."""
    if not hasattr(module, name):
        lacks(f"{module.__name__}.{name}")

    def decorate(replacement):
        setattr(module, name, functools.partial(replacement, getattr(module, name)))
        return replacement

    return decorate


def wrapped_action(module, action):
    """Replace what MiniStack does on an action of a service's API."""
    if action not in module._ACTION_MAP:
        lacks(f"{module.__name__}, action {action}")

    def decorate(replacement):
        module._ACTION_MAP[action] = functools.partial(replacement, module._ACTION_MAP[action])
        return replacement

    return decorate


def lacks(what):
    version = importlib.metadata.version("ministack")
    raise SystemExit(
        f"MiniStack {version} has no {what}, which the emulator replaces: "
        "use the version that emulator/requirements.txt pins"
    )


def ok(response):
    """The body of a response, or the error that it carries."""
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return body

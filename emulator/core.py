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
        version = importlib.metadata.version("ministack")
        raise SystemExit(
            f"MiniStack {version} has no {module.__name__}.{name}, which the emulator replaces: "
            "use the version that emulator/requirements.txt pins"
        )

    def decorate(replacement):
        setattr(module, name, functools.partial(replacement, getattr(module, name)))
        return replacement

    return decorate


def ok(response):
    """The body of a response, or the error that it carries."""
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return body

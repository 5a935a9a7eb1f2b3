"""The evaluator of policies: @cloud-copilot/iam-simulate in a process of its own."""

import json
import pathlib
import subprocess
import threading

ROOT = pathlib.Path(__file__).parents[2]

_lock = threading.Lock()
_process = None
_answers = {}  # by request; a policy that changes makes another request


class EvaluationError(Exception):
    """The request itself is wrong: an unknown action, or a resource of another type."""


def evaluate(request):
    """IAM's answer to a request: its result, Allowed, ImplicitlyDenied or ExplicitlyDenied, and
    deniedBy, the kind of policy that denies explicitly."""
    line = json.dumps(request, sort_keys=True)
    with _lock:
        if line not in _answers:
            _answers[line] = _ask(line)
        return _answers[line]


def _ask(line):
    global _process
    if _process is None:
        _process = _start()
    _process.stdin.write(line + "\n")
    _process.stdin.flush()
    answer = json.loads(_process.stdout.readline() or '{"error": "the evaluator ended"}')
    if "error" in answer:
        raise EvaluationError(f"IAM can't be evaluated: {answer['error']}: {line}")
    return answer


def _start():
    """The process ends with this one, which holds its standard input."""
    node = ROOT / "node_modules" / ".bin" / "node"
    if not node.exists():
        raise SystemExit(f"{node} is missing: make installs it")
    script = pathlib.Path(__file__).with_name("evaluator.mjs")
    return subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

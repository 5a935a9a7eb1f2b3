"""A program that a page's commands call, in a test: program.py NAME ARGUMENTS...

aws is the AWS CLI. STAND_INS names the operations that the emulator can't answer: AWS's
own model checks their parameters, the emulator is asked all the same, and only when it
fails an answer of the model's form replaces its own. Every other program has to be
named in STAND_INS; it does nothing. CALLS is a file that records what was called.
"""

import os
import sys


def record(*words):
    with open(os.environ["CALLS"], "a") as calls:
        print(os.environ["BLOCK"], *words, file=calls)


def example(shape, name="", depth=0):
    """A value of the form that a model describes, a few levels deep."""
    if shape.type_name == "structure":
        return {
            key: example(member, key, depth + 1) for key, member in shape.members.items()
            if depth < 4 and key.lower() not in ("marker", "nexttoken")  # there is no next page
        }
    if shape.type_name == "list":
        return [example(shape.member, depth=depth + 1)]
    if shape.type_name == "string":
        return "available" if name == "Status" else "stand-in"
    return {"map": {}, "boolean": False, "timestamp": None}.get(shape.type_name, 1)


def replace_failure(http_response, parsed, model, **kwargs):
    """Answer in place of the emulator, where a block's comment says that it can't."""
    if model.name not in os.environ["STAND_INS"].split():
        return record(model.name, http_response.status_code)
    if http_response.status_code < 300:
        return record("answered", model.name)
    record("stand-in", model.name)
    http_response.status_code = 200
    parsed.clear()
    parsed.update(example(model.output_shape) if model.output_shape else {})


def main():
    name, *arguments = sys.argv[1:]
    if name == "aws":
        from awscli.clidriver import create_clidriver

        driver = create_clidriver()
        driver.session.register("after-call", replace_failure)
        # Version 1 of the CLI asks the real SQS whatever the environment says.
        return driver.main(["--endpoint-url", os.environ["AWS_ENDPOINT_URL"], *arguments])
    if name not in os.environ["STAND_INS"].split():
        return f"{name}: no comment before {os.environ['BLOCK']} says that it is not run"
    record("stand-in", name)
    record("in", os.getcwd() + ":", name, *arguments)


sys.exit(main())

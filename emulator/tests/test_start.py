import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("removal", "name"),
    [
        ("ecr; del ecr._put_image", "ministack.services.ecr._put_image"),
        ("rds; del rds._ACTION_MAP['DeleteDBCluster']", "ministack.services.rds, action DeleteDBCluster"),
        (
            "cloudformation; del cloudformation.provisioners._RESOURCE_HANDLERS['AWS::S3::Bucket']",
            "handler of AWS::S3::Bucket",
        ),
    ],
)
def test_a_name_that_ministack_lacks_ends_the_start_with_an_error(removal, name):
    script = f"from ministack.services import {removal}; import runpy; runpy.run_module('emulator')"
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"has no {name}, which the emulator replaces" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("path", sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("iam/*.py")]), ids=lambda path: path.name)
def test_every_private_name_that_a_module_uses_exists(path):
    """A module that is used only when a request comes would fail only then."""
    tree = ast.parse(path.read_text())
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ministack"):
            for name in node.names:
                try:
                    modules[name.asname or name.name] = importlib.import_module(f"{node.module}.{name.name}")
                except ModuleNotFoundError:
                    assert hasattr(importlib.import_module(node.module), name.name), name.name
    missing = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        if not hasattr(modules[node.value.id], node.attr)
    }
    assert not missing


def test_the_emulator_ends_with_its_parent():
    script = "import sys; sys.argv.append('--end-with-parent'); import runpy; runpy.run_module('emulator')"
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "GATEWAY_PORT": "0", "BIND_HOST": "127.0.0.1"}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process.stdin.close()
    assert process.wait(20) == 0

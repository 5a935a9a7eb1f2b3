#!/usr/bin/env bash
# Runs a bash script with MySQL's client in a task, where the service's tasks run, since
# only tasks reach the database:
#
#   mysql-task.sh SCRIPT [NAME=VALUE...]
#
# The script has DB_HOST, DB_NAME, DB_USERNAME, DB_PASSWORD and the others of the service,
# and each NAME. What it prints is in the service's log. Prints the ARN of the task.
set -euo pipefail
(($# >= 1)) || { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }
. "$(dirname "$0")/stack.sh"

# A partition without public.ecr.aws needs the image in a registry of its own.
IMAGE=${MYSQL_IMAGE:-public.ecr.aws/docker/library/mysql:8.0}
CLUSTER=$(of AWS::ECS::Cluster) SERVICE=$(of AWS::ECS::Service)
TASK=$(aws ecs describe-task-definition --task-definition "$(of AWS::ECS::TaskDefinition)" --query taskDefinition --output json)

# definition prints a task definition like the service's, with the client in it.
definition() {
  TASK=$TASK IMAGE=$IMAGE python3 - <<'PYTHON'
import json, os

task = json.loads(os.environ["TASK"])
api = task["containerDefinitions"][0]
print(json.dumps({
    "family": task["family"] + "-mysql",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "1024",
    "memory": "2048",
    "executionRoleArn": task["executionRoleArn"],
    "containerDefinitions": [{
        "name": "mysql",
        "image": os.environ["IMAGE"],
        "entryPoint": ["bash", "-euo", "pipefail", "-c"],
        "environment": [e for e in api["environment"] if e["name"].startswith("DB_")],
        "secrets": [s for s in api.get("secrets", []) if s["name"] in ("DB_USERNAME", "DB_PASSWORD")],
        "logConfiguration": api["logConfiguration"],
    }],
}))
PYTHON
}

# overrides SCRIPT NAME=VALUE... prints what this task runs.
overrides() {
  python3 - "$@" <<'PYTHON'
import json, sys

script, *pairs = sys.argv[1:]
environment = [dict(zip(("name", "value"), pair.split("=", 1))) for pair in pairs]
print(json.dumps({"containerOverrides": [{"name": "mysql", "command": [script], "environment": environment}]}))
PYTHON
}

DEFINITION=$(aws ecs register-task-definition --cli-input-json "$(definition)" --query taskDefinition.taskDefinitionArn --output text)
# The task goes on: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
trap 'aws ecs deregister-task-definition --task-definition "$DEFINITION" >/dev/null' EXIT
aws ecs run-task --cluster "$CLUSTER" --launch-type FARGATE --query 'tasks[0].taskArn' --output text --task-definition "$DEFINITION" \
  --network-configuration "$(aws ecs describe-services --cluster "$CLUSTER" --services "$SERVICE" \
    --query 'services[0].networkConfiguration' --output json)" \
  --overrides "$(overrides "$@")"

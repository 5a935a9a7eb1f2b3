"""Secrets Manager: rotation schedules, which are recorded and never act."""

from .cloudformation import only_recorded, resource

resource("AWS::SecretsManager::RotationSchedule", only_recorded)

"""MiniStack, with what this project's stack needs and MiniStack lacks, as strict as AWS.

A module a service: each adds resource types to CloudFormation, replaces functions
of MiniStack, or both, when it is imported. What AWS refuses is refused with AWS's
own text. The modules use internals of one version of MiniStack, the one that
requirements.txt pins: a name that is gone ends the start with an error.

Simulated:

- No container runs. A deployment succeeds half a second after its start unless its
  image carries the label cloudstruct.emulator.fails, or its container the variable
  EMULATOR_FAILS. Their text is then what the tasks log, and the circuit breaker
  rolls the deployment back.
- Each task of a service is a target in the service's target groups. Requests through
  a load balancer get the digest of the task's image, with status 200 on every path.
- A target is healthy if its image answers the path that the target group checks: any
  path, or those that the label cloudstruct.emulator.health names, separated by
  commas. The result is there at once. A deployment whose tasks are unhealthy is
  rolled back. A service whose tasks become unhealthy later keeps them, while ECS
  would replace them; a target group that has only such targets fails open, as on AWS.
- Blue/green, linear and canary deployments register their tasks in the service's
  first target group and leave the listener's rules alone.
- Redirects, weights and rules act on requests, stickiness and WAF do not.
- Calls of functions, tasks, rules, alarms and workflows need the permissions that the
  template gives them: see iam/. A deployment whose image carries the label
  cloudstruct.emulator.stalls never starts a task.
- Tests let time pass, and send events of AWS's services: see control.py. Rules reach
  no target while the file that EMULATOR_TARGETS_DOWN names exists.
"""

"""MiniStack, with what this project's stack needs and MiniStack lacks.

A module a service: each adds resource types to CloudFormation, replaces functions
of MiniStack, or both, when it is imported. The modules use internals of one
version of MiniStack, the one that requirements.txt pins: a name that is gone ends
the start with an error.

No container runs: a deployment succeeds unless its image carries the label
cloudstruct.emulator.fails, or its container the variable EMULATOR_FAILS. Their
text is then what the tasks log, and the circuit breaker rolls the deployment back.
"""

"""IAM: every call of a role or of a service is evaluated against the template's policies.

A function, a task, a rule, an alarm or a workflow may do what its role and the
resource's policy allow, and nothing else: what IAM would refuse is refused here, with
the service's own error. Who uses the account's own key (the CDK, a person) is its
administrator and is not evaluated.

`actions` has what AWS requires for each call. A call that is missing there is refused.
"""

"""Elastic Load Balancing: rules with weighted target groups, which MiniStack lacks, and stickiness against them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#forward-actions
"""

from ministack.services import alb
from ministack.services.cloudformation import provisioners

from .balancing import SERVICE, declared, requested
from .cloudformation import check, refusal
from .core import wrapped, wrapped_action

STICKINESS = "TargetGroupStickinessConfig"


def true(value):
    return str(value).lower() == "true"


def weights(action):
    """The target groups of a forward action with their weights."""
    if config := action.get("ForwardConfig"):
        return {g["TargetGroupArn"]: g["Weight"] for g in config["TargetGroups"]}
    return {action["TargetGroupArn"]: 1} if "TargetGroupArn" in action else {}


def forward_config(groups, sticky, seconds):
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": int(weight)} for arn, weight in groups]}
    if sticky is not None:
        config[STICKINESS] = {"Enabled": true(sticky), "DurationSeconds": int(seconds or 3600)}
    return config


@wrapped(alb, "_parse_actions")
def parse_actions(original, parameters, prefix="DefaultActions"):
    actions = original(parameters, prefix)
    for number, action in enumerate(actions, 1):
        base = f"{prefix}.member.{number}.ForwardConfig"
        groups = []
        while arn := alb._p(parameters, f"{base}.TargetGroups.member.{len(groups) + 1}.TargetGroupArn"):
            weight = alb._p(parameters, f"{base}.TargetGroups.member.{len(groups) + 1}.Weight", "1")
            groups.append((arn, weight))
        if groups:
            sticky = alb._p(parameters, f"{base}.{STICKINESS}.Enabled") or None
            seconds = alb._p(parameters, f"{base}.{STICKINESS}.DurationSeconds")
            action["ForwardConfig"] = forward_config(groups, sticky, seconds)
            action.setdefault("TargetGroupArn", groups[0][0])
    return actions


@wrapped(provisioners, "_elbv2_listener_actions")
def listener_actions(original, properties, lb_arn, prop="DefaultActions"):
    actions = original(properties, lb_arn, prop)
    for action, template in zip(actions, properties.get(prop) or [], strict=True):
        if config := template.get("ForwardConfig"):
            groups = [(g["TargetGroupArn"], g.get("Weight", 1)) for g in config["TargetGroups"]]
            stickiness = config.get(STICKINESS, {})
            sticky, seconds = stickiness.get("Enabled"), stickiness.get("DurationSeconds")
            action["ForwardConfig"] = forward_config(groups, sticky, seconds)
    return actions


@wrapped(alb, "_action_xml")
def action_xml(original, action):
    xml = original(action)
    config = action.get("ForwardConfig")
    if not config:
        return xml
    groups = "".join(
        f"<member><TargetGroupArn>{g['TargetGroupArn']}</TargetGroupArn><Weight>{g['Weight']}</Weight></member>"
        for g in config["TargetGroups"]
    )
    inner = f"<TargetGroups>{groups}</TargetGroups>"
    if sticky := config.get(STICKINESS):
        enabled, seconds = str(sticky["Enabled"]).lower(), sticky["DurationSeconds"]
        inner += (
            f"<{STICKINESS}><Enabled>{enabled}</Enabled><DurationSeconds>{seconds}</DurationSeconds></{STICKINESS}>"
        )
    # One target group with a weight is returned as TargetGroupArn too, several are not.
    if len(config["TargetGroups"]) > 1:
        xml = xml.replace(f"<TargetGroupArn>{action['TargetGroupArn']}</TargetGroupArn>", "")
    return xml.removesuffix("</member>") + f"<ForwardConfig>{inner}</ForwardConfig></member>"


def lacks_stickiness(action):
    """Whether an action spreads clients over several target groups without keeping them there."""
    sticky = action.get("ForwardConfig", {}).get(STICKINESS, {})
    return len(weights(action)) > 1 and not sticky.get("Enabled")


def sticky_group(arn):
    return any(a["Key"] == "stickiness.enabled" and true(a["Value"]) for a in alb._tg_attrs.get(arn, []))


def rule_refusal(actions):
    if any(lacks_stickiness(a) and any(map(sticky_group, weights(a))) for a in actions):
        return "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups"
    return None


def rules_of(group):
    return [r for r in alb._rules.values() if any(group in weights(a) for a in r["Actions"])]


def group_refusal(arn, attributes):
    """Why a target group can't be given attributes."""
    if not true(attributes.get("stickiness.enabled")):
        return None
    for rule in rules_of(arn):
        if any(arn in weights(a) and lacks_stickiness(a) for a in rule["Actions"]):
            return (
                f"This target group appears behind a rule with group stickiness disabled ({rule['RuleArn']})."
                " You must enable group stickiness before enabling target stickiness"
            )
    return None


def check_rule_action(action, prefix):
    @wrapped_action(alb, action)
    def handle(original, parameters):
        if reason := rule_refusal(alb._parse_actions(parameters, prefix)):
            return alb._error("InvalidConfigurationRequest", reason)
        return original(parameters)


@wrapped_action(alb, "ModifyTargetGroupAttributes")
def modify_target_group_attributes(original, parameters):
    if reason := group_refusal(alb._p(parameters, "TargetGroupArn"), requested(parameters)):
        return alb._error("InvalidConfigurationRequest", reason)
    return original(parameters)


def in_use(arn):
    return f"Target group '{arn}' is currently in use by a listener or a rule" if rules_of(arn) else None


@wrapped_action(alb, "DeleteTargetGroup")
def delete_target_group(original, parameters):
    if reason := in_use(alb._p(parameters, "TargetGroupArn")):
        return alb._error("ResourceInUse", reason)
    return original(parameters)


def refuse(reason):
    if reason:
        raise refusal(reason, SERVICE, code="InvalidRequest")


def check_rule_type(type_name, prop):
    def refuse_actions(properties):
        refuse(rule_refusal(provisioners._elbv2_listener_actions(properties, None, prop)))

    check(
        type_name,
        create=lambda logical_id, properties, stack_name: refuse_actions(properties),
        update=lambda physical_id, old, new, *rest: refuse_actions(new),
    )


def refuse_group_update(physical_id, old, new, *rest):
    refuse(group_refusal(physical_id, declared(new, "TargetGroupAttributes")))


for name, actions in (
    ("CreateListener", "DefaultActions"),
    ("ModifyListener", "DefaultActions"),
    ("CreateRule", "Actions"),
    ("ModifyRule", "Actions"),
):
    check_rule_action(name, actions)
check_rule_type("AWS::ElasticLoadBalancingV2::Listener", "DefaultActions")
check_rule_type("AWS::ElasticLoadBalancingV2::ListenerRule", "Actions")
check(
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    update=refuse_group_update,
    delete=lambda physical_id, properties: refuse(in_use(physical_id)),
)

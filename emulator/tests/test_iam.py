"""What IAM refuses, to sessions of roles and to services."""

import base64
import json
import re

import botocore.session
import pytest

from .account import NUMBER, REGION, eventually, message, refused

ISSUER = "token.actions.githubusercontent.com"
TRUST = {"Principal": {"Federated": f"arn:aws:iam::{NUMBER}:oidc-provider/{ISSUER}"}}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]})


def token(**claims):
    body = json.dumps({"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", **claims}).encode()
    return "e30." + base64.urlsafe_b64encode(body).decode().rstrip("=") + "."


def assume(account, subject="repo:owner/name:ref:refs/heads/main"):
    return account.aws("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{NUMBER}:role/{account.name}",
        RoleSessionName="a-session",
        WebIdentityToken=token(sub=subject),
    )["Credentials"]


@pytest.fixture
def role(account):
    """A function from statements to clients that act as a role with them."""

    def clients(*statements):
        condition = {"StringEquals": {f"{ISSUER}:sub": "repo:owner/name:ref:refs/heads/main"}}
        trust = policy({**TRUST, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
        account.aws("iam").create_role(RoleName=account.name, AssumeRolePolicyDocument=trust)
        if statements:
            account.aws("iam").put_role_policy(
                RoleName=account.name, PolicyName="own", PolicyDocument=policy(*statements)
            )
        found, session = assume(account), botocore.session.Session()
        session.set_credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return lambda service: session.create_client(service, region_name=REGION, endpoint_url=account.origin)

    return clients


def repository_arn(account):
    return f"arn:aws:ecr:{REGION}:{NUMBER}:repository/{account.name}"


def test_a_call_that_no_policy_allows_is_refused_with_iams_text(account, role):
    account.repository()
    ecr = role({"Action": "ecr:BatchGetImage", "Resource": repository_arn(account)})("ecr")
    wanted = {"repositoryName": account.name, "imageIds": [{"imageTag": "missing"}]}
    assert ecr.batch_get_image(**wanted)["failures"]
    with refused("AccessDeniedException") as error:
        ecr.describe_images(repositoryName=account.name)
    assert message(error) == (
        f"User: arn:aws:sts::{NUMBER}:assumed-role/{account.name}/a-session is not authorized to perform: "
        f"ecr:DescribeImages on resource: {repository_arn(account)} "
        "because no identity-based policy allows the ecr:DescribeImages action"
    )


def test_a_permission_for_another_resource_is_none(account, role):
    account.repository()
    ecr = role({"Action": "ecr:DescribeImages", "Resource": repository_arn(account) + "-another"})("ecr")
    with refused("AccessDeniedException"):
        ecr.describe_images(repositoryName=account.name)


def test_an_operation_without_a_row_is_refused_whatever_the_policy(account, role):
    ecr = role({"Action": "*", "Resource": "*"})("ecr")
    with refused("AccessDeniedException") as error:
        ecr.describe_repositories()
    assert message(error) == "emulator/iam/actions.py has no row for ecr:DescribeRepositories"


def test_a_key_that_the_account_does_not_know_is_refused(account):
    session = botocore.session.Session()
    session.set_credentials("AKIAUNKNOWN", "secret")
    ecr = session.create_client("ecr", region_name=REGION, endpoint_url=account.origin)
    with refused("UnrecognizedClientException"):
        ecr.describe_repositories()


def test_sns_refuses_with_an_error_of_its_own(account, role):
    topic = account.aws("sns").create_topic(Name=account.name)["TopicArn"]
    sns = role()("sns")
    with refused("AuthorizationError"):
        sns.publish(TopicArn=topic, Message="hello")


def test_logs_refuses_with_the_stream(account, role):
    logs = role()("logs")
    with refused("AccessDeniedException") as error:
        logs.get_log_events(logGroupName=account.name, logStreamName="api/1")
    stream = f"arn:aws:logs:{REGION}:{NUMBER}:log-group:{account.name}:log-stream:api/1"
    assert f"logs:GetLogEvents on resource: {stream} because" in message(error)


def test_a_deny_in_a_resource_policy_wins(account, role):
    topic = account.aws("sns").create_topic(Name=account.name)["TopicArn"]
    sns = role({"Action": "sns:Publish", "Resource": topic})("sns")
    sns.publish(TopicArn=topic, Message="hello")
    deny = json.loads(policy({"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic}))
    account.aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(deny))
    with refused("AuthorizationError") as error:
        sns.publish(TopicArn=topic, Message="hello")
    assert message(error).endswith("with an explicit deny in a resource-based policy")


@pytest.mark.parametrize(
    "subject",
    ["repo:owner/name:ref:refs/heads/other", "repo:owner/name:pull_request", "repo:owner/other:ref:refs/heads/main"],
)
def test_a_token_that_the_trust_policy_does_not_name_is_refused(account, role, subject):
    role()
    with refused("AccessDenied") as error:
        assume(account, subject)
    assert message(error) == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def registry_header(ecr):
    found = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return {"Authorization": f"Basic {found}"}


def test_the_registry_asks_who_has_no_token(account):
    account.repository()
    status, body = account.http("GET", "/v2/", headers={"Authorization": ""})
    assert (status, body) == (401, b"Not Authorized\n")


def test_a_registry_token_may_what_its_owner_may(account, role):
    account.repository()
    account.push("latest")
    as_role = role(
        {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Action": "ecr:BatchGetImage", "Resource": repository_arn(account)},
    )
    header = registry_header(as_role("ecr"))
    status, _ = account.http("GET", f"/v2/{account.name}/manifests/latest", headers=header)
    assert status == 200
    status, body = account.http("POST", f"/v2/{account.name}/blobs/uploads/", b"", header)
    assert status == 403
    [error] = json.loads(body)["errors"]
    assert error["code"] == "DENIED"
    assert re.search(r"not authorized to perform: ecr:InitiateLayerUpload on resource: \S+ because", error["message"])


def test_no_token_for_the_registry_without_the_permission(account, role):
    with refused("AccessDeniedException"):
        role()("ecr").get_authorization_token()


@pytest.fixture
def topic_of_rule(account):
    """A topic with a queue that gets what it is sent, and a rule that sends it events."""
    sns, sqs, events = account.aws("sns"), account.aws("sqs"), account.aws("events")
    topic = sns.create_topic(Name=account.name)["TopicArn"]
    urls = {}
    for name in ("inbox", "lost"):
        urls[name] = sqs.create_queue(QueueName=f"{account.name}-{name}")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{NUMBER}:{account.name}"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{queue}-inbox")
    rule = events.put_rule(Name=account.name, EventPattern=json.dumps({"source": [account.name]}))["RuleArn"]
    events.put_targets(
        Rule=account.name, Targets=[{"Id": "1", "Arn": topic, "DeadLetterConfig": {"Arn": f"{queue}-lost"}}]
    )
    return topic, rule, urls


def publish(topic, **condition):
    return policy(
        {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic, **condition}
    )


def send_event(account):
    entry = {"Source": account.name, "DetailType": "a test", "Detail": "{}"}
    account.aws("events").put_events(Entries=[entry])


def bodies(account, url):
    return account.aws("sqs").receive_message(QueueUrl=url).get("Messages")


def test_a_rule_reaches_a_topic_that_lets_it(account, topic_of_rule):
    topic, _, urls = topic_of_rule
    account.aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=publish(topic))
    send_event(account)
    assert eventually(lambda: bodies(account, urls["inbox"]))
    assert not bodies(account, urls["lost"])


@pytest.mark.parametrize(("source", "kept"), [("", True), ("-another", False)])
def test_an_event_that_a_topic_refuses_goes_to_the_queue_that_takes_it(account, topic_of_rule, source, kept):
    _, rule, urls = topic_of_rule
    queue = f"arn:aws:sqs:{REGION}:{NUMBER}:{account.name}-lost"
    condition = {"ArnEquals": {"aws:SourceArn": rule + source}}
    send = {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
    document = policy({**send, "Condition": condition})
    account.aws("sqs").set_queue_attributes(QueueUrl=urls["lost"], Attributes={"Policy": document})
    send_event(account)
    assert bool(bodies(account, urls["lost"])) == kept
    assert not bodies(account, urls["inbox"])


@pytest.mark.parametrize("allowed", [True, False])
def test_an_alarm_reaches_a_topic_that_lets_it(account, topic_of_rule, allowed):
    topic, _, urls = topic_of_rule
    if allowed:
        document = publish(topic).replace("events.amazonaws.com", "cloudwatch.amazonaws.com")
        account.aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    alarms = account.aws("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName=account.name,
        AlarmActions=[topic],
        MetricName="Errors",
        Namespace="Test",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarms.set_alarm_state(AlarmName=account.name, StateValue="ALARM", StateReason="a test")
    assert bool(bodies(account, urls["inbox"])) == allowed

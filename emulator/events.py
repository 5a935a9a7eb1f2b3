"""EventBridge: events that AWS's services send."""

import json

from ministack.services import eventbridge


def put_event(source, detail_type, detail, resources):
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

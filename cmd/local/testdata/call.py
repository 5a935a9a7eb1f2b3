"""Call AWS: call.py SERVICE OPERATION [ARGUMENTS as JSON], the answer as JSON."""

import json
import sys

import botocore.session

service, operation, *arguments = sys.argv[1:]
client = botocore.session.get_session().create_client(service)
answer = getattr(client, operation)(**json.loads(arguments[0] if arguments else "{}"))
print(json.dumps(answer, default=str))

# shellcheck shell=bash
# What the commands of docs/operations.md share. Source it in bash with AWS_REGION and
# STACK set; it reads the stack and changes nothing.

# Version 1 of the AWS CLI knows the region by this name only.
export AWS_DEFAULT_REGION=${AWS_REGION:?is not set: see docs/operations.md, Before any command}
: "${STACK:?is not set: see docs/operations.md, Before any command}"

# output NAME prints an output of the stack. A stack has none before its first deploy ends.
output() {
  aws cloudformation describe-stacks --stack-name "$STACK" \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text
}

# of TYPE prints the names of the stack's resources of a type, one per line.
of() {
  aws cloudformation list-stack-resources --stack-name "$STACK" --output text \
    --query "StackResourceSummaries[?ResourceType=='$1'].[PhysicalResourceId]"
}

# messages GROUP [SECONDS] prints what a log group received in the last hour, or in the
# last SECONDS.
messages() {
  aws logs filter-log-events --log-group-name "$1" --output text --query 'events[].[message]' \
    --start-time "$((($(date +%s) - ${2:-3600}) * 1000))"
}

# cluster ID EXPRESSION [FORMAT] prints a property of a database cluster.
cluster() {
  aws rds describe-db-clusters --db-cluster-identifier "$1" --query "DBClusters[0].$2" --output "${3:-text}"
}

# buckets prints the buckets of access logs that this stack and earlier ones of its name
# have made, one per line.
buckets() {
  aws s3api list-buckets --query "Buckets[?starts_with(Name,'$(lowercase "$STACK")-balanceraccesslogs')].[Name]" --output text
}

# snapshots prints the final snapshots of its databases. The cluster's name contains its
# logical id, so that those of CloudStruct-production-eu are not CloudStruct-production's.
snapshots() {
  local stack
  stack=$(lowercase "$STACK")
  aws rds describe-db-cluster-snapshots --snapshot-type manual --output text --query "DBClusterSnapshots[?starts_with(DBClusterIdentifier,
    '$stack-databasecluster') && starts_with(DBClusterSnapshotIdentifier,'$stack-')].[DBClusterSnapshotIdentifier]"
}

lowercase() { tr '[:upper:]' '[:lower:]' <<<"$1"; }

# exists cluster|instance ID tests whether the database has it. Only the scripts use this:
# any other error, such as throttling or an expired session, ends the shell.
exists() {
  local error
  if error=$(aws rds "describe-db-$1s" "--db-$1-identifier" "$2" 2>&1 >/dev/null); then return; fi
  case $error in *"(DBClusterNotFoundFault)"* | *"(DBInstanceNotFound)"*) return 1 ;; esac
  echo "$error" >&2
  exit 1
}

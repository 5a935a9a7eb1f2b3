#!/usr/bin/env bash
# Puts a restored cluster in the place of the stack's:
#
#   replace-database.sh NEW
#
# CloudFormation and the tasks know the cluster and its instances by name. The stack's
# are renamed to replaced-by-NEW, then the restored ones get their names. No data is
# deleted. Each step first checks whether it is done already: after an interruption,
# run the same command again.
set -euo pipefail
(($# == 1)) || { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }
. "$(dirname "$0")/stack.sh"

NEW=$1 DB=$(of AWS::RDS::DBCluster) ASIDE=replaced-by-$1

in_cluster() { # in_cluster INSTANCE CLUSTER
  local cluster
  exists instance "$1" || return 1
  cluster=$(aws rds describe-db-instances --db-instance-identifier "$1" --query 'DBInstances[0].DBClusterIdentifier' --output text) || exit 1
  [ "$cluster" = "$2" ]
}

# A name takes minutes to appear, and to AWS's waiter a missing one is an error.
available() {
  for ((TRIES = 0; TRIES < 120; TRIES++)); do
    if aws rds wait "db-$1-available" "--db-$1-identifier" "$2" 2>/dev/null; then return; fi
    exists "$1" "$2" || true # any other error ends the script
    sleep 15
  done
  echo "$1 $2 is still not available" >&2
  exit 1
}
rename() { # rename cluster|instance OLD NEW
  echo "renaming $1 $2 to $3"
  aws rds "modify-db-$1" "--db-$1-identifier" "$2" "--new-db-$1-identifier" "$3" --apply-immediately >/dev/null
  available "$1" "$3"
}

# The writer first.
INSTANCES=$(aws cloudformation list-stack-resources --stack-name "$STACK" --output text \
  --query "StackResourceSummaries[?ResourceType=='AWS::RDS::DBInstance'].[LogicalResourceId,PhysicalResourceId]" |
  sort | awk '$1 ~ /Writer/ { print $2; next } { readers = readers $2 "\n" } END { printf "%s", readers }')
WRITER=$(head -n1 <<<"$INSTANCES")

if ! exists cluster "$ASIDE"; then
  if ! exists cluster "$NEW"; then
    echo "$NEW: there is no such cluster; restore-database.sh makes it" >&2
    exit 1
  fi
  rename cluster "$DB" "$ASIDE"
fi
NUMBER=0
for INSTANCE in $INSTANCES; do
  NUMBER=$((NUMBER + 1))
  # Renaming an instance restarts it, which ends the connections that tasks still have.
  if in_cluster "$INSTANCE" "$ASIDE"; then rename instance "$INSTANCE" "$ASIDE-$NUMBER"; fi
done
if in_cluster "$NEW-1" "$NEW"; then rename instance "$NEW-1" "$WRITER"; fi
if ! exists cluster "$DB"; then rename cluster "$NEW" "$DB"; fi

TIER=0
for INSTANCE in $INSTANCES; do
  if ! exists instance "$INSTANCE"; then
    echo "creating reader $INSTANCE"
    aws rds create-db-instance --db-cluster-identifier "$DB" --db-instance-identifier "$INSTANCE" --engine aurora-mysql \
      --db-instance-class db.serverless --promotion-tier "$TIER" --no-auto-minor-version-upgrade --no-publicly-accessible >/dev/null
  fi
  available instance "$INSTANCE"
  TIER=$((TIER < 2 ? TIER + 1 : 2))
done

if [ "$(cluster "$DB" Endpoint)" != "$(output RdsEndpoint)" ]; then
  echo "the endpoint is $(cluster "$DB" Endpoint), but tasks know $(output RdsEndpoint)" >&2
  exit 1
fi
echo "$DB is the restored cluster, under the endpoint that tasks know; the replaced one is $ASIDE"

#!/usr/bin/env bash
# Restores a database next to the stack's own, which it leaves alone:
#
#   restore-database.sh NEW to-point-in-time --source-db-cluster-identifier ID --restore-to-time TIME
#   restore-database.sh NEW from-snapshot --snapshot-identifier ID --engine aurora-mysql --engine-version VERSION
#
# NEW is the name of the restored cluster; its instance is NEW-1. What follows are the
# options of `aws rds restore-db-cluster-...`. The restored cluster gets the network, the
# capacity, the backups, the deletion protection and the password of the stack's cluster. After an interruption,
# run the same command again: it continues where it stopped.
set -euo pipefail
(($# >= 2)) || { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }
. "$(dirname "$0")/stack.sh"

NEW=$1 KIND=$2
shift 2
DB=$(of AWS::RDS::DBCluster)

# RDS takes names of 63 characters at most. replace-database.sh names the replaced cluster
# replaced-by-NEW, 12 characters more, and its instances replaced-by-NEW-1 to -16, 15 more.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
if ((${#NEW} > 48)); then
  echo "$NEW: must be at most 48 characters, got ${#NEW}" >&2
  exit 1
fi

PROTECTED=$(cluster "$DB" DeletionProtection) PROTECTION=--no-deletion-protection
if [ "$PROTECTED" = True ]; then PROTECTION=--deletion-protection; fi
if ! exists cluster "$NEW"; then
  aws rds "restore-db-cluster-$KIND" --db-cluster-identifier "$NEW" "$@" \
    --db-subnet-group-name "$(cluster "$DB" DBSubnetGroup)" \
    --vpc-security-group-ids "$(cluster "$DB" 'VpcSecurityGroups[0].VpcSecurityGroupId')" \
    --serverless-v2-scaling-configuration "$(cluster "$DB" ServerlessV2ScalingConfiguration json)" \
    --tags "$(cluster "$DB" "TagList[?!starts_with(Key,'aws:')]" json)" \
    --enable-iam-database-authentication --copy-tags-to-snapshot "$PROTECTION" \
    --query DBCluster.DBClusterIdentifier --output text
fi
aws rds wait db-cluster-available --db-cluster-identifier "$NEW"

# A restored cluster has the password of the time of its backup, and no instance. Everyone
# on this machine can read the arguments of a command, so the password is not one.
aws secretsmanager get-secret-value --secret-id "$(output DatabaseSecretArn)" --query SecretString --output text |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["password"], end="")' |
  aws rds modify-db-cluster --master-user-password file:///dev/stdin --db-cluster-identifier "$NEW" --apply-immediately \
    --backup-retention-period "$(cluster "$DB" BackupRetentionPeriod)" \
    --preferred-backup-window "$(cluster "$DB" PreferredBackupWindow)" --query DBCluster.Status --output text
aws rds wait db-cluster-available --db-cluster-identifier "$NEW"
if ! exists instance "$NEW-1"; then
  aws rds create-db-instance --db-cluster-identifier "$NEW" --db-instance-identifier "$NEW-1" --engine aurora-mysql \
    --db-instance-class db.serverless --promotion-tier 0 --no-auto-minor-version-upgrade --no-publicly-accessible \
    --query DBInstance.DBInstanceStatus --output text
fi
aws rds wait db-instance-available --db-instance-identifier "$NEW-1"
echo "$NEW is restored"

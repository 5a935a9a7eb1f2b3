package main

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// createOnly are the properties that CloudFormation can only change with another
// resource, of the types that hold data or take requests, and of the network below
// them: createOnlyProperties in their schemas.
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
var createOnly = map[string][]string{
	targetGroupType:           {"IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"},
	"AWS::RDS::DBCluster":     {"ClusterScalabilityType", "DBClusterIdentifier", "DBSubnetGroupName", "DBSystemId", "DatabaseName", "EngineMode", "KmsKeyId", "PubliclyAccessible", "RestoreToTime", "RestoreType", "SnapshotIdentifier", "SourceDBClusterIdentifier", "SourceDbClusterResourceId", "SourceRegion", "StorageEncrypted", "UseLatestRestorableTime"},
	"AWS::RDS::DBSubnetGroup": {"DBSubnetGroupName"},
	"AWS::ECR::Repository":    {"EncryptionConfiguration", "RepositoryName"},
	"AWS::S3::Bucket":         {"BucketName", "BucketNamePrefix", "BucketNamespace"},
	"AWS::EC2::VPC":           {"CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"},
}

// also are those that the schemas call conditional, and that replace in this stack.
var also = map[string][]string{
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbcluster.html
	"AWS::RDS::DBCluster": {"MasterUsername", "Engine"},
}

// consequences say what it means for those who use the service.
var consequences = map[string]string{
	targetGroupType:        "its listener can point at a group without healthy tasks for minutes, and answers 503",
	"AWS::RDS::DBCluster":  "a new database is empty",
	"AWS::ECR::Repository": "a new repository has none of the images",
	"AWS::S3::Bucket":      "its access logs stay behind with retain, and are deleted without",
}

// replacement warns of an update that replaces or removes what holds data or takes
// requests. `make diff` has all the details.
func (p *patient) replacement(ctx context.Context) (finding, error) {
	before, there, err := p.deployed(ctx)
	if err != nil {
		return finding{}, err
	}
	if !there {
		return good("nothing is deployed that could be replaced")
	}
	changed := replaced(before, p.wanted.Template)
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		if loss := consequences[before.Resources[id].Type]; loss != "" {
			lines = append(lines, fmt.Sprintf("%s %s: %s", id, changed[id], loss))
		}
	}
	if len(lines) == 0 {
		return good("the update replaces no target group, database, repository or bucket")
	}
	return dubious("make diff ENV="+p.config.Environment, "%s", strings.Join(lines, "; "))
}

// replaced are the resources that an update replaces or removes, by logical id, with
// the reason. One that refers to a replaced resource in such a property is replaced
// with it.
func replaced(before, after template.Template) map[string]string {
	found := map[string]string{}
	for {
		size := len(found)
		for id, old := range before.Resources {
			properties, known := createOnly[old.Type]
			if !known || found[id] != "" {
				continue
			}
			if reason := whyReplaced(old, after.Resources[id], slices.Concat(properties, also[old.Type]), found); reason != "" {
				found[id] = reason
			}
		}
		if len(found) == size {
			return found
		}
	}
}

func whyReplaced(old, next template.Resource, properties []string, found map[string]string) string {
	if next.Type != old.Type {
		return "is removed"
	}
	for _, property := range properties {
		if !reflect.DeepEqual(old.At(property), next.At(property)) {
			return fmt.Sprintf("is replaced, for %s changes", property)
		}
		for _, id := range template.References(next.At(property)) {
			if found[id] != "" {
				return fmt.Sprintf("is replaced, for %s is", id)
			}
		}
	}
	return ""
}

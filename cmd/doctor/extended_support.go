package main

import (
	"context"

	"cloudstruct/cmd/internal/stacks"
	"cloudstruct/cmd/internal/template"
)

// extendedSupport finds a change of database.extendedSupport. CloudFormation refuses it for a
// cluster that exists with "EngineLifecycleSupport cannot be modified", and rolls the whole
// update back. Version 1.0.0 created clusters without the property.
// https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds/pull/538
func (p *patient) extendedSupport(ctx context.Context) (finding, error) {
	before, there, err := p.deployed(ctx)
	if err != nil {
		return finding{}, err
	}
	if !there {
		return good("%s", stacks.NotDeployed(p.config.StackName()))
	}
	had, has := lifecycle(before), lifecycle(p.wanted.Template)
	switch {
	case len(before.IDs(clusterType)) == 0 || had == has:
		return good("stays as it is")
	case has == "":
		return bad("set database.extendedSupport to false", "the cluster was created without Extended Support, which CloudFormation can't change")
	}
	return bad("set database.extendedSupport to true; to do without it all the same: aws rds modify-db-cluster --engine-lifecycle-support open-source-rds-extended-support-disabled --db-cluster-identifier ...",
		"the cluster was created with Extended Support, which CloudFormation can't change")
}

const clusterType = "AWS::RDS::DBCluster"

// lifecycle is what a template sets, if anything.
func lifecycle(t template.Template) string {
	for _, id := range t.IDs(clusterType) {
		return t.Resources[id].Text("EngineLifecycleSupport")
	}
	return ""
}

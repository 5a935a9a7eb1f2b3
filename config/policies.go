package config

import (
	"fmt"
	"maps"
	"slices"
)

// What the CDK puts into one policy: what does not fit into the inline policy of a
// role goes into managed policies, which it adds to the role. Both are a little below
// the quotas of IAM. It merges statements that have the same actions, up to a size.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxInline    = 10000 // of IAM's 10,240 characters
	maxManaged   = 6000  // of IAM's 6,144
	maxMerged    = 2000
	rolePolicies = 10 // managed policies of a role, unless AWS raises the quota
	// ownStatements is more than what the stack itself allows a role.
	ownStatements = 2000
)

// grants reports permissions, policies and secrets that are more than the managed
// policies of a role can hold. AWS would refuse the stack during its deployment.
func (r *reader) grants(s Service) {
	var sizes []int
	for i, p := range s.Permissions {
		size := statementSize(p.Actions, p.Resources)
		r.refuse(size > maxManaged,
			fmt.Sprintf("must be at most %d characters in a policy, got %d: divide the resources among several entries", maxManaged, size),
			fmt.Sprintf("service.permissions[%d]", i))
		sizes = append(sizes, size)
	}
	free := rolePolicies - len(s.Policies)
	needed := overflowPolicies(sizes)
	r.refuse(needed > 0 && needed > free,
		fmt.Sprintf("must fit into the inline policy of a role and %d managed policies (a role can have %d, and service.policies has %d); "+
			"these take %d characters in up to %d managed policies: use wildcards in the resources, or a managed policy of your own in service.policies",
			free, rolePolicies, len(s.Policies), sum(sizes), needed),
		"service.permissions", "service.policies")

	needed = overflowPolicies(secretSizes(s.Secrets))
	r.refuse(needed > rolePolicies,
		fmt.Sprintf("must fit into the inline policy of a role and %d managed policies, got %d secrets, which need up to %d: keep several values in one JSON secret and use ARN:KEY",
			rolePolicies, len(s.Secrets), needed),
		"service.secrets")
}

// overflowPolicies is the most managed policies that the CDK can need for statements
// in addition to the inline policy. It puts each statement where there is room, in an
// order of its own. So every policy of small statements alone is filled but for the
// size of one of them, and each large statement takes at most a policy of its own.
func overflowPolicies(sizes []int) int {
	small, large := ownStatements, 0
	for _, size := range sizes {
		if size > maxMerged {
			large++
		} else {
			small += size
		}
	}
	inline := maxInline - maxMerged
	if large > 0 {
		inline = 0 // a large statement may leave little room in it
	}
	perPolicy := maxManaged - maxMerged
	return large + (max(0, small-inline)+perPolicy-1)/perPolicy
}

// statementSize is the length of a statement as the CDK estimates it, which is a few
// characters more than IAM counts.
func statementSize(actions, resources []string) int {
	const frame = len(`{"Effect": "Allow","Action": [],"Resource": []},{}`)
	size := frame
	for _, text := range slices.Concat(actions, resources) {
		size += len(text) + len(`"",`)
	}
	return size
}

// secretSizes are the sizes of the statements that let the tasks read the secrets:
// the CDK merges them up to maxMerged.
func secretSizes(secrets map[string]string) []int {
	arns := map[string]bool{}
	for _, reference := range secrets {
		arns[SplitSecret(reference).ARN] = true
	}
	empty := statementSize([]string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, nil)
	longest, total := 0, 0
	for arn := range maps.Keys(arns) {
		size := len(arn) + len(`"",`)
		longest, total = max(longest, size), total+size
	}
	// A merged statement is filled but for the longest ARN.
	room := max(1, maxMerged-empty-longest)
	statements := (total + room - 1) / room
	sizes := make([]int, statements)
	for i := range sizes {
		sizes[i] = empty + (total+statements-1)/statements
	}
	return sizes
}

func sum(sizes []int) (total int) {
	for _, size := range sizes {
		total += size
	}
	return total
}

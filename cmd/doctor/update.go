package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"cloudstruct/cmd/internal/stacks"
	"cloudstruct/cmd/internal/template"
)

const (
	targetGroupType = "AWS::ElasticLoadBalancingV2::TargetGroup"
	ruleType        = "AWS::ElasticLoadBalancingV2::ListenerRule"
)

// deployed is the template of the stack as it is, or none.
func (p *patient) deployed(ctx context.Context) (template.Template, bool, error) {
	name := p.config.StackName()
	found, err := p.clients.cloudformation.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name, TemplateStage: types.TemplateStageOriginal})
	if stacks.Missing(err) {
		return template.Template{}, false, nil
	}
	if err != nil {
		return template.Template{}, false, err
	}
	// Of a stack that was only begun there is none.
	body := aws.ToString(found.TemplateBody)
	if strings.TrimSpace(body) == "" {
		return template.Template{}, false, nil
	}
	parsed, err := template.Parse([]byte(body))
	return parsed, true, err
}

// strategyChange finds a change of service.deployment.strategy that can't be made
// in one deploy, for CloudFormation updates the target groups before it creates or
// removes the rules that forward to two of them. AWS says then "You must enable
// group stickiness on a rule if you enabled target stickiness on one of its target
// groups", or "This target group appears behind a rule with group stickiness
// disabled".
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
func (p *patient) strategyChange(ctx context.Context) (finding, error) {
	before, there, err := p.deployed(ctx)
	if err != nil {
		return finding{}, err
	}
	after, env := p.wanted.Template, p.config.Environment
	switch {
	case !there:
		return good("%s", stacks.NotDeployed(p.config.StackName()))
	case shifts(before) && sticky(after):
		return bad("set service.stickiness.duration to 0s and make deploy ENV="+env+", then set it as you want and make deploy ENV="+env+" again",
			"deployed is a strategy with two target groups, configured is rolling with stickiness: AWS refuses a sticky target group while the rule with both exists")
	case sticky(before) && shifts(after):
		return dubious("set service.stickiness.duration to 0s with strategy rolling and make deploy ENV="+env+", then set the strategy and make deploy ENV="+env+" again",
			"deployed is rolling with stickiness, configured is a strategy with two target groups: if this deploy fails, its rollback fails too, as AWS refuses a sticky target group while the rule with both exists")
	default:
		return good("can be deployed at once")
	}
}

// shifts reports whether a rule forwards to two target groups.
func shifts(t template.Template) bool {
	for _, id := range t.IDs(ruleType) {
		for _, action := range t.Resources[id].Blocks("Actions") {
			if len(action.List("ForwardConfig", "TargetGroups")) > 1 {
				return true
			}
		}
	}
	return false
}

// sticky reports whether a target group keeps clients on one task.
func sticky(t template.Template) bool {
	for _, id := range t.IDs(targetGroupType) {
		for _, attribute := range t.Resources[id].Blocks("TargetGroupAttributes") {
			if attribute.Text("Key") == "stickiness.enabled" && attribute.Text("Value") == "true" {
				return true
			}
		}
	}
	return false
}

package main

import (
	"regexp"
	"slices"

	"cloudstruct/cmd/internal/template"
)

// verbs are what actions do, in a word. The first of a statement's that is here
// tells of it: who uploads layers pushes an image, who only puts one moves a tag.
var verbs = []struct{ action, verb string }{
	{"ecr:UploadLayerPart", "pushes"},
	{"ecr:PutImage", "tags"},
	{"ecr:GetDownloadUrlForLayer", "pulls"},
	{"ecs:UpdateService", "deploys"},
	{"ecs:StopServiceDeployment", "stops"},
	{"secretsmanager:GetSecretValue", "reads secret"},
	{"sns:Publish", "reports"},
}

// readOnly are actions that change nothing and give nothing away but state.
var readOnly = regexp.MustCompile(`^\w+:(Describe|List|Get|BatchGet|BatchCheck)`)

// permissions are what roles may do to the resources of another part.
func (s stack) permissions() []arrow {
	var arrows []arrow
	for _, id := range s.IDs("AWS::IAM::Policy") {
		if s.part(id) == "" {
			continue
		}
		for _, statement := range s.Resources[id].Blocks("PolicyDocument", "Statement") {
			for _, to := range s.partsIn(statement.At("Resource")) {
				for _, verb := range verbsOf(actionsOf(statement)) {
					arrows = append(arrows, arrow{s.part(id), to, call, verb})
				}
			}
		}
	}
	return arrows
}

func actionsOf(statement template.Resource) []string {
	if one := statement.Text("Action"); one != "" {
		return []string{one}
	}
	var actions []string
	for _, action := range statement.List("Action") {
		action, _ := action.(string)
		actions = append(actions, action)
	}
	return actions
}

// verbsOf are what actions do together. One without a verb is called by its name,
// so that a new permission is never missing.
func verbsOf(actions []string) []string {
	for _, v := range verbs {
		if slices.Contains(actions, v.action) {
			return []string{v.verb}
		}
	}
	return slices.DeleteFunc(slices.Clone(actions), readOnly.MatchString)
}

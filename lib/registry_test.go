package lib

import (
	"encoding/json"
	"testing"

	"cloudstruct/config"
)

func TestOnlyTheLoopsTagsCanMove(t *testing.T) {
	production(t).has("AWS::ECR::Repository", object{
		"RepositoryName":     "my-api",
		"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
		"ImageTagMutabilityExclusionFilters": list(
			object{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "jellybean"},
			object{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "last-good"},
		),
		"ImageScanningConfiguration": object{"ScanOnPush": true},
	})
}

type lifecycleRule struct {
	RulePriority int
	Selection    struct {
		TagStatus      string
		TagPatternList []string
		CountType      string
		CountNumber    int
	}
}

func lifecycleRules(t *testing.T, s stack) []lifecycleRule {
	t.Helper()
	policy := s.only("AWS::ECR::Repository", "Registry").Properties["LifecyclePolicy"].(object)["LifecyclePolicyText"].(string)
	var parsed struct{ Rules []lifecycleRule }
	if err := json.Unmarshal([]byte(policy), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Rules
}

func TestLifecycleProtectsBothTagsBeforeItCounts(t *testing.T) {
	rules := lifecycleRules(t, production(t, func(c *config.Config) { c.Image.Keep = 7 }))
	if len(rules) != 3 {
		t.Fatalf("%d lifecycle rules, want 3", len(rules))
	}
	for i, tag := range []string{"last-good", "jellybean"} {
		rule := rules[i]
		// One rule a tag: several tags in one list would all have to match.
		if rule.RulePriority != i+1 || len(rule.Selection.TagPatternList) != 1 || rule.Selection.TagPatternList[0] != tag || rule.Selection.CountNumber != 1 {
			t.Errorf("rule %d is %+v, want one that protects %s", i+1, rule, tag)
		}
	}
	if last := rules[2]; last.RulePriority != 3 || last.Selection.TagStatus != "any" || last.Selection.CountType != "imageCountMoreThan" || last.Selection.CountNumber != 7 {
		t.Errorf("rule 3 is %+v, want one that keeps 7 images", last)
	}
}

func TestImagesStayOrGoWithTheStack(t *testing.T) {
	production(t).hasResource("AWS::ECR::Repository", object{
		"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain", "Properties": object{"EmptyOnDelete": false},
	})
	development(t).hasResource("AWS::ECR::Repository", object{
		"DeletionPolicy": "Delete", "Properties": object{"EmptyOnDelete": true},
	})
}

package lib

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

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
	if last := rules[2]; last.RulePriority != 3 || last.Selection.TagStatus != "any" || last.Selection.CountType != "imageCountMoreThan" || last.Selection.CountNumber != 21 {
		t.Errorf("rule 3 is %+v, want one that keeps 7 releases of three images each", last)
	}
}

// expired is what a lifecycle policy removes of images, the newest first. An image
// that matches a rule is out of the reach of later ones, whether it is removed or not.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
func expired(rules []lifecycleRule, tags [][]string) map[int]bool {
	gone, taken := map[int]bool{}, map[int]bool{}
	for _, rule := range rules {
		matched := 0
		for i, own := range tags {
			patterns := rule.Selection.TagPatternList
			matches := rule.Selection.TagStatus == "any" || !slices.ContainsFunc(patterns, func(p string) bool { return !slices.Contains(own, p) })
			if taken[i] || !matches {
				continue
			}
			taken[i] = true
			if matched++; matched > rule.Selection.CountNumber {
				gone[i] = true
			}
		}
	}
	return gone
}

// TestLifecycleLeavesWhatRunsAndWhatToGoBackTo looks at repositories of any size, with
// the two tags on any image. What runs has one of them or, when a release follows
// another within the minutes that the loop needs, is among the newest.
func TestLifecycleLeavesWhatRunsAndWhatToGoBackTo(t *testing.T) {
	for _, keep := range []int{1, 3} {
		rules := lifecycleRules(t, production(t, func(c *config.Config) { c.Image.Keep = keep }))
		rapid.Check(t, func(t *rapid.T) {
			tags := make([][]string, rapid.IntRange(1, 20).Draw(t, "images"))
			for i := range tags {
				if rapid.Bool().Draw(t, "has a tag of its own") {
					tags[i] = []string{"v" + strconv.Itoa(i)}
				}
			}
			protected := []int{}
			for _, tag := range []string{"last-good", "jellybean"} {
				i := rapid.IntRange(0, len(tags)-1).Draw(t, tag)
				tags[i] = append(tags[i], tag)
				protected = append(protected, i)
			}
			gone := expired(rules, tags)
			for _, i := range append(protected, 0) {
				if gone[i] {
					t.Fatalf("image %d of %v is removed", i, tags)
				}
			}
			if left := len(tags) - len(gone); left > 3*keep+2 {
				t.Fatalf("%d images are left of %v", left, tags)
			}
		})
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

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// wake is why the function runs. It says where to look, not what is true: an
// event may be late, repeated, or never come.
type wake struct {
	cause  cause
	digest string    // of the image that was pushed
	at     time.Time // when it happened
}

type cause string

const (
	pushed     cause = "push"       // an image under the deploy tag
	deployment cause = "deployment" // ECS started, completed or failed one
	rotation   cause = "rotation"   // the database has got another password
	schedule   cause = "schedule"
	byHand     cause = "retry"    // a person asks to deploy the deploy tag, come what may
	restored   cause = "restored" // the function itself has just moved the deploy tag
)

// retrySource is the source of the event that a person sends.
const retrySource = "cloudstruct.retry"

type envelope struct {
	Source     string    `json:"source"`
	DetailType string    `json:"detail-type"`
	Time       time.Time `json:"time"`
	Resources  []string  `json:"resources"`
	Detail     struct {
		LabelUpdated string `json:"labelUpdated"` // of a secret's version
	} `json:"detail"`
}

// parse reads an event. It is false for one that is not about this service.
func (s settings) parse(raw json.RawMessage) (wake, bool) {
	var e envelope
	if json.Unmarshal(raw, &e) != nil {
		return wake{}, false
	}
	w := wake{at: e.Time}
	switch {
	case e.Source == "aws.ecr" && e.DetailType == "ECR Image Action":
		var push events.ECRImageActionEvent
		if json.Unmarshal(raw, &push) != nil {
			return wake{}, false
		}
		d := push.Detail
		w.cause, w.digest = pushed, d.ImageDigest
		return w, d.ActionType == "PUSH" && d.Result == "SUCCESS" && d.RepositoryName == s.Repository && d.ImageTag == s.Tag
	case e.Source == "aws.ecs" && e.DetailType == "ECS Deployment State Change":
		w.cause = deployment
		return w, slices.ContainsFunc(e.Resources, func(arn string) bool {
			return strings.HasSuffix(arn, ":service/"+s.Cluster+"/"+s.Service)
		})
	case e.Source == "aws.secretsmanager" && e.DetailType == "Secret Label Updated":
		w.cause = rotation
		return w, s.SecretARN != "" && slices.Contains(e.Resources, s.SecretARN) && e.Detail.LabelUpdated == "AWSCURRENT"
	case e.Source == "aws.events" && e.DetailType == "Scheduled Event":
		w.cause = schedule
		return w, true
	case e.Source == retrySource:
		w.cause = byHand
		return w, true
	}
	return wake{}, false
}

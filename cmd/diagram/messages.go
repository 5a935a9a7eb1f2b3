package main

import (
	"slices"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// messages are the events that rules pass on.
func (s stack) messages() []arrow {
	var arrows []arrow
	for _, id := range s.IDs("AWS::Events::Rule") {
		rule := s.Resources[id]
		for _, from := range s.partsIn(rule.At("EventPattern")) {
			for _, target := range rule.Blocks("Targets") {
				for _, to := range s.partsIn(target.At("Arn")) {
					arrows = append(arrows, arrow{from, to, event, eventWords(rule)})
				}
			}
			if image := pushed(rule); image != "" {
				arrows = append(arrows, arrow{string(push), from, call, image})
			}
		}
	}
	return arrows
}

// pushed is the tag that a rule waits for someone to push.
func pushed(rule template.Resource) string {
	for _, action := range rule.List("EventPattern", "detail", "action-type") {
		if tags := rule.List("EventPattern", "detail", "image-tag"); action == "PUSH" && len(tags) == 1 {
			tag, _ := tags[0].(string)
			return tag
		}
	}
	return ""
}

// events are what a kind of event says, in a word.
var events = map[string]string{
	"ECR Image Action":            "push",
	"ECS Deployment State Change": "outcome",
	"ECS Service Action":          "no capacity",
}

// eventWords is what an event says, in a word where there is one.
func eventWords(rule template.Resource) string {
	var words []string
	for _, kind := range rule.List("EventPattern", "detail-type") {
		kind, _ := kind.(string)
		if word, known := events[kind]; known {
			kind = word
		}
		words = append(words, kind)
	}
	return strings.Join(words, "\n")
}

// alarms are what becomes of them: a deployment that is turned back, a page that
// shows them, someone who hears.
func (s stack) alarms() []arrow {
	var arrows []arrow
	for _, id := range s.IDs("AWS::ECS::Service") {
		for _, from := range s.partsIn(s.Resources[id].At("DeploymentConfiguration", "Alarms")) {
			arrows = append(arrows, arrow{from, s.part(id), event, "rolls back"})
		}
	}
	for _, id := range s.IDs("AWS::CloudWatch::Dashboard") {
		for _, from := range s.partsIn(s.Resources[id].At("DashboardBody")) {
			if slices.ContainsFunc(s.IDs("AWS::CloudWatch::Alarm"), func(alarm string) bool { return s.part(alarm) == from }) {
				arrows = append(arrows, arrow{from, s.part(id), event, ""})
			}
		}
	}
	for _, id := range s.IDs("AWS::SNS::Subscription") {
		subscription := s.Resources[id]
		if subscription.Text("Protocol") != "email" {
			continue // a queue or a function of the stack would have a box of its own
		}
		for _, from := range s.partsIn(subscription.At("TopicArn")) {
			arrows = append(arrows, arrow{from, string(receiver), event, ""})
		}
	}
	return arrows
}

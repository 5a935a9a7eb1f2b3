package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var eventSettings = settings{Cluster: "CloudStruct", Service: "api", Repository: "my-api", Tag: "jellybean",
	SecretARN: "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:DatabaseCredentials24F58BE6-Qx7wVZ0kCqLm-a1B2c3"}

func readEvent(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEventsOfThisServiceWakeTheFunction(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, test := range []struct {
		name  string
		event []byte
		want  wake
	}{
		{"a push", readEvent(t, "push.json"), wake{pushed, "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678", at("2026-11-16T01:54:34Z")}},
		{"a deployment", readEvent(t, "deployment-failed.json"), wake{deployment, "", at("2026-11-16T02:03:14Z")}},
		{"a rotation", readEvent(t, "secret-label-updated.json"), wake{rotation, "", at("2026-11-16T02:31:07Z")}},
		{"the schedule", readEvent(t, "schedule.json"), wake{schedule, "", at("2026-11-16T02:05:00Z")}},
		{"a person", []byte(`{"source": "cloudstruct.retry"}`), wake{byHand, "", time.Time{}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, ours := eventSettings.parse(test.event); !ours || got != test.want {
				t.Errorf("got %+v, ours %v, want %+v", got, ours, test.want)
			}
		})
	}
}

func TestWithoutRotationNoSecretIsOurs(t *testing.T) {
	s := eventSettings
	s.SecretARN = ""
	if _, ours := s.parse([]byte(`{"source":"aws.secretsmanager","detail-type":"Secret Label Updated","resources":[""],"detail":{"labelUpdated":"AWSCURRENT"}}`)); ours {
		t.Error("an event about no secret wakes the function")
	}
}

// TestOtherEventsCostNoCall gives the function clients that do not exist.
func TestOtherEventsCostNoCall(t *testing.T) {
	push := readEvent(t, "push.json")
	change := func(event []byte, from, to string) []byte {
		changed := bytes.Replace(event, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, event) {
			t.Fatalf("no %s to change", from)
		}
		return changed
	}
	for _, test := range []struct {
		name  string
		event []byte
	}{
		{"another repository", change(push, `"my-api"`, `"other"`)},
		{"another tag", change(push, `"jellybean"`, `"v1.2.3"`)},
		{"no tag", readEvent(t, "push-of-an-index-child.json")},
		{"a deletion", change(push, `"PUSH"`, `"DELETE"`)},
		{"a push that failed", change(push, `"SUCCESS"`, `"FAILURE"`)},
		{"a tag that is a number", change(push, `"jellybean"`, `7`)},
		{"a time that is none", change(push, `"2026-11-16T01:54:34Z"`, `"now"`)},
		{"another service", change(readEvent(t, "deployment-failed.json"), "service/CloudStruct/api", "service/CloudStruct/other-api")},
		{"another secret", change(readEvent(t, "secret-label-updated.json"), "Lm-a1B2c3", "Lm-d4E5f6")},
		{"another label", change(readEvent(t, "secret-label-updated.json"), "AWSCURRENT", "BLUE")},
		{"another kind", change(push, "ECR Image Action", "ECR Image Scan")},
		{"nothing", []byte(`{}`)},
		{"no object", []byte(`[]`)},
		{"null", []byte(`null`)},
		{"no JSON", []byte(`{`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &reconciler{settings: eventSettings}
			answer, err := r.handle(t.Context(), test.event)
			if err != nil || len(answer.Did) > 0 {
				t.Errorf("answered %+v, %v", answer, err)
			}
		})
	}
}

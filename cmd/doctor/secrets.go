package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// secretReference is a value of service.secrets: an ARN, and a key after it.
type secretReference struct{ variable, arn, region, account, key string }

// secretReferences are those of the configuration, in order of their variables.
// The reader of the configuration has checked their form.
func (p *patient) secretReferences() []secretReference {
	var all []secretReference
	for _, variable := range slices.Sorted(maps.Keys(p.config.Service.Secrets)) {
		fields := strings.SplitN(p.config.Service.Secrets[variable], ":", 8)
		r := secretReference{variable: variable, arn: strings.Join(fields[:7], ":"), region: fields[3], account: fields[4]}
		if len(fields) == 8 {
			r.key = fields[7]
		}
		all = append(all, r)
	}
	return all
}

// secrets reports every secret of the configuration that a task could not start
// with: the tasks of a deploy fail one after another then, until it is rolled back.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (p *patient) secrets(ctx context.Context) (finding, error) {
	var wrong, unread []string
	for _, r := range p.secretReferences() {
		problem, err := p.secret(ctx, r)
		if err != nil {
			return finding{}, err
		}
		switch {
		case problem != "":
			wrong = append(wrong, fmt.Sprintf("service.secrets.%s: %s", r.variable, problem))
		case r.key != "" && !p.readSecrets:
			unread = append(unread, r.key)
		}
	}
	switch {
	case len(wrong) > 0:
		return bad("aws secretsmanager list-secrets --query SecretList[].ARN, then set service.secrets", "%s", strings.Join(wrong, "; "))
	case len(unread) > 0:
		return good("all exist; make doctor SECRETS=yes reads them to see whether they have %s", strings.Join(unread, ", "))
	default:
		return good("all exist")
	}
}

// secret is what is wrong with one.
func (p *patient) secret(ctx context.Context, r secretReference) (string, error) {
	switch {
	case r.region != p.region:
		return fmt.Sprintf("the secret is in region %s, the deploy goes to %s", r.region, p.region), nil
	case r.account != p.account:
		return fmt.Sprintf("the secret is in account %s, the deploy goes to %s", r.account, p.account), nil
	}
	found, err := p.clients.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &r.arn})
	switch {
	case codeOf(err) == "ResourceNotFoundException":
		return "there is no such secret", nil
	case err != nil:
		return "", err
	case found.DeletedDate != nil:
		return "the secret is scheduled for deletion: aws secretsmanager restore-secret brings it back", nil
	case len(found.VersionIdsToStages) == 0:
		return "the secret has no value yet", nil
	case r.key == "" || !p.readSecrets:
		return "", nil
	}
	return p.secretKey(ctx, r)
}

// secretKey reads the value for its key, which no other call returns. It is only
// done on request: a value that is read is in this program's memory, and the read is
// in the account's CloudTrail.
func (p *patient) secretKey(ctx context.Context, r secretReference) (string, error) {
	value, err := p.clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &r.arn})
	if err != nil {
		return "", err
	}
	var keys map[string]json.RawMessage
	// The error would quote the secret.
	if json.Unmarshal([]byte(aws.ToString(value.SecretString)), &keys) != nil {
		return fmt.Sprintf("the secret is not JSON, so it has no key %s", r.key), nil
	}
	if _, there := keys[r.key]; !there {
		return fmt.Sprintf("the secret has no key %s; it has %s", r.key, strings.Join(slices.Sorted(maps.Keys(keys)), ", ")), nil
	}
	return "", nil
}

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

	"cloudstruct/config"
)

// secretReference is a value of service.secrets, with what its ARN names.
type secretReference struct {
	config.Secret
	variable, region, account string
}

// secretReferences are those of the configuration, in order of their variables.
// The reader of the configuration has checked their form.
func (p *patient) secretReferences() []secretReference {
	var all []secretReference
	for _, variable := range slices.Sorted(maps.Keys(p.config.Service.Secrets)) {
		secret := config.SplitSecret(p.config.Service.Secrets[variable])
		fields := strings.SplitN(secret.ARN, ":", 6)
		all = append(all, secretReference{variable: variable, Secret: secret, region: fields[3], account: fields[4]})
	}
	return all
}

// secrets reports every secret of the configuration that a task could not start
// with: the tasks of a deploy fail one after another then, until it is rolled back.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (p *patient) secrets(ctx context.Context) (finding, error) {
	var wrong, elsewhere, unread []string
	for _, r := range p.secretReferences() {
		if place := p.elsewhere(r); place != "" {
			elsewhere = append(elsewhere, fmt.Sprintf("service.secrets.%s: %s", r.variable, place))
			continue
		}
		problem, err := p.secret(ctx, r)
		if err != nil {
			return finding{}, err
		}
		switch {
		case problem != "":
			wrong = append(wrong, fmt.Sprintf("service.secrets.%s: %s", r.variable, problem))
		case r.Key != "" && !p.readSecrets:
			unread = append(unread, r.Key)
		}
	}
	switch {
	case len(wrong) > 0:
		return bad("aws secretsmanager list-secrets --query SecretList[].ARN, then set service.secrets", "%s", strings.Join(append(wrong, elsewhere...), "; "))
	case len(elsewhere) > 0:
		return finding{verdict: warn, what: "not checked: " + strings.Join(elsewhere, "; "), fix: "let the task execution role read the secret and its key there"}, nil
	case len(unread) > 0:
		return good("all exist; make doctor SECRETS=yes reads them to see whether they have %s", strings.Join(unread, ", "))
	default:
		return good("all exist")
	}
}

// elsewhere reports a secret of another region or account. ECS reads it by its whole
// ARN, in the region that the ARN names, so it is no failure. But this account may
// have no access: a secret of another account needs a resource policy and a KMS key of
// its own that both let the task execution role in, and those can't be read from here.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
func (p *patient) elsewhere(r secretReference) string {
	switch {
	case r.account != p.account:
		return fmt.Sprintf("the secret is in account %s, the deploy goes to %s", r.account, p.account)
	case r.region != p.region:
		return fmt.Sprintf("the secret is in region %s, the deploy goes to %s", r.region, p.region)
	}
	return ""
}

// secret is what is wrong with one.
func (p *patient) secret(ctx context.Context, r secretReference) (string, error) {
	found, err := p.clients.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &r.ARN})
	switch {
	case codeOf(err) == "ResourceNotFoundException":
		return "there is no such secret", nil
	case err != nil:
		return "", err
	case found.DeletedDate != nil:
		return "the secret is scheduled for deletion: aws secretsmanager restore-secret brings it back", nil
	case len(found.VersionIdsToStages) == 0:
		return "the secret has no value yet", nil
	case r.Key == "" || !p.readSecrets:
		return "", nil
	}
	return p.secretKey(ctx, r)
}

// secretKey reads the value for its key, which no other call returns. It is only
// done on request: a value that is read is in this program's memory, and the read is
// in the account's CloudTrail.
func (p *patient) secretKey(ctx context.Context, r secretReference) (string, error) {
	value, err := p.clients.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &r.ARN, VersionStage: orNil(r.Stage), VersionId: orNil(r.Version),
	})
	if err != nil {
		return "", err
	}
	var keys map[string]json.RawMessage
	// The error would quote the secret.
	if json.Unmarshal([]byte(aws.ToString(value.SecretString)), &keys) != nil {
		return fmt.Sprintf("the secret is not JSON, so it has no key %s", r.Key), nil
	}
	if _, there := keys[r.Key]; !there {
		return fmt.Sprintf("the secret has no key %s; it has %s", r.Key, strings.Join(slices.Sorted(maps.Keys(keys)), ", ")), nil
	}
	return "", nil
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

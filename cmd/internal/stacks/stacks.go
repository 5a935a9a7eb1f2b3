// Package stacks is what the commands know of CloudFormation's answers.
package stacks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// Missing tells an unknown stack from other errors: CloudFormation has no code of
// its own for it.
func Missing(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && refused.ErrorCode() == "ValidationError" && strings.Contains(refused.ErrorMessage(), "does not exist")
}

// NotDeployed is what every command says of an unknown stack.
func NotDeployed(name string) string {
	return fmt.Sprintf("stack %s is not deployed in this account and region", name)
}

// Package access explains why AWS could not be asked at all, in the same sentences
// for every command.
package access

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Problem is why no call to AWS can succeed, and what to do about it.
type Problem struct{ What, Fix string }

func (p Problem) Error() string { return p.What + " -> " + p.Fix }

const signIn = "aws sso login, aws login or aws configure"

// rejected are the codes for credentials that AWS does not know.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
var rejected = []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure"}

// Explain finds the problem behind an error of the SDK. Errors about one call, such
// as a missing permission, are none.
func Explain(err error) (Problem, bool) {
	var api smithy.APIError
	var code string
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch text := fmt.Sprint(err); {
	case err == nil:
		return Problem{}, false
	case strings.Contains(text, "EC2 IMDS"):
		// The last place where the SDK looks for credentials: there are none.
		return Problem{"no AWS credentials are set", signIn}, true
	case strings.Contains(text, "Missing Region"):
		return Problem{"no AWS region is set", "export AWS_REGION=ap-southeast-2, or another"}, true
	case unreachable(err):
		return Problem{fmt.Sprintf("%s cannot be reached: %s", host(err), cause(err)), "check the network, its proxy and AWS_REGION"}, true
	case strings.HasPrefix(code, "ExpiredToken"), strings.Contains(text, "expired"):
		return Problem{"the AWS session has expired", signIn}, true
	case slices.Contains(rejected, code):
		return Problem{"AWS does not accept the credentials: " + code, signIn}, true
	case strings.Contains(text, "failed to refresh cached credentials"):
		return Problem{"no AWS credentials are usable: " + cause(err), signIn}, true
	case strings.Contains(text, "shared config profile"):
		return Problem{cause(err), "check AWS_PROFILE and ~/.aws/config"}, true
	default:
		return Problem{}, false
	}
}

// Clear replaces an error by the problem behind it, if there is one.
func Clear(err error) error {
	if problem, ok := Explain(err); ok {
		return problem
	}
	return err
}

func unreachable(err error) bool {
	var send *smithyhttp.RequestSendError
	var dial *net.OpError
	return errors.As(err, &send) || errors.As(err, &dial)
}

// host is where a request was sent to.
func host(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		if address, err := url.Parse(request.URL); err == nil && address.Host != "" {
			return address.Host
		}
	}
	return "AWS"
}

// cause is the innermost part of an error, without the chain of what was tried.
func cause(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	chain := strings.Split(line, ": ")
	parts := strings.Split(chain[len(chain)-1], ", ")
	if len(chain) == 1 {
		return line
	}
	return parts[len(parts)-1]
}

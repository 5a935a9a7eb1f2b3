package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// patience is for a policy that was made a moment ago and is not known everywhere yet:
// IAM is eventually consistent, and the custom resource follows its function's policy at
// once.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
type patience struct {
	longest time.Duration // from the first try on
	pause   time.Duration // between two tries
}

// retry repeats what is refused for want of a permission, and nothing else.
func (p patience) retry(ctx context.Context, do func() error) error {
	ends := time.Now().Add(p.longest)
	var refusal error // says more than the end of the time
	for {
		err := do()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && refusal != nil:
			return refusal
		case !isDenied(err) || time.Now().Add(p.pause).After(ends):
			return err
		}
		refusal = err
		slog.Info("permission is not there yet", "error", err)
		select {
		case <-ctx.Done():
			return refusal
		case <-time.After(p.pause):
		}
	}
}

func isDenied(err error) bool {
	var registry *transport.Error
	if errors.As(err, &registry) {
		return registry.StatusCode == http.StatusUnauthorized || registry.StatusCode == http.StatusForbidden
	}
	var api smithy.APIError
	return errors.As(err, &api) && (api.ErrorCode() == "AccessDeniedException" || api.ErrorCode() == "AccessDenied")
}

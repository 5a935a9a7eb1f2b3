package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// constantRequests sends requests for a path to the service, one after the other,
// through the emulator's load balancer. The function that it returns ends that, and
// returns how many requests got each status.
func (a testAccount) constantRequests(path string) (stop func() map[int]int) {
	a.t.Helper()
	request, err := http.NewRequest(http.MethodGet, a.emulator.origin+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Host = a.listenerHost()
	// A redirect is an answer of its own, not a way out of the emulator.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	counts := map[int]int{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			response, err := client.Do(request)
			if err != nil {
				ended <- err
				return
			}
			response.Body.Close()
			counts[response.StatusCode]++
			time.Sleep(2 * time.Millisecond)
		}
		ended <- nil
	}()
	return func() map[int]int {
		a.t.Helper()
		cancel()
		if err := <-ended; err != nil {
			a.t.Errorf("request to %s: %v", request.Host, err)
		}
		return counts
	}
}

// wantOnly wants requests to have been sent, and all to have got one status.
func wantOnly(t *testing.T, status int, counts map[int]int, when string) {
	t.Helper()
	if counts[status] == 0 || len(counts) != 1 {
		t.Errorf("%s: requests by status are %v, want only %d", when, counts, status)
	}
}

// listenerHost is the load balancer's own name, with the port of the listener that
// leads to the service: where there is one for TLS, the one on port 80 redirects.
func (a testAccount) listenerHost() string {
	a.t.Helper()
	resources, err := a.resources(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	for _, r := range resources {
		if aws.ToString(r.ResourceType) != "AWS::ElasticLoadBalancingV2::LoadBalancer" {
			continue
		}
		balancers, err := a.clients.balancers.DescribeLoadBalancers(a.t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{
			LoadBalancerArns: []string{aws.ToString(r.PhysicalResourceId)},
		})
		if err != nil {
			a.t.Fatal(err)
		}
		listeners, err := a.clients.balancers.DescribeListeners(a.t.Context(), &elasticloadbalancingv2.DescribeListenersInput{
			LoadBalancerArn: r.PhysicalResourceId,
		})
		if err != nil {
			a.t.Fatal(err)
		}
		port := int32(80)
		for _, listener := range listeners.Listeners {
			if aws.ToInt32(listener.Port) == 443 {
				port = 443
			}
		}
		return fmt.Sprintf("%s:%d", aws.ToString(balancers.LoadBalancers[0].DNSName), port)
	}
	a.t.Fatal("the stack has no load balancer")
	return ""
}

package main

import (
	"cmp"
	"os"
	"slices"
	"strings"
)

// environ is what everything that the tour starts inherits. Nothing in it leads to
// an account of AWS, and no proxy is asked for the emulator: Go asks none for an
// address of this machine, but Node's and Python's clients do.
func (t *tour) environ() []string {
	inherited := t.inherited
	if inherited == nil {
		inherited = os.Environ()
	}
	variables := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool { return strings.HasPrefix(variable, "AWS_") })
	for _, name := range []string{"NO_PROXY", "no_proxy", "npm_config_no_proxy"} {
		// Each client prefers one of the names, so that each has to have it all. The last
		// is the first choice of the CDK CLI's, where it is set.
		value, isSet := lookup(inherited, name)
		if !isSet && name == "npm_config_no_proxy" {
			continue
		}
		variables = append(variables, name+"="+withLoopback(cmp.Or(value, valueOf(inherited, "no_proxy"), valueOf(inherited, "NO_PROXY"))))
	}
	return variables
}

// proxied tells whether a proxy is set for the emulator's kind of address.
func (t *tour) proxied() bool {
	return slices.ContainsFunc([]string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}, func(name string) bool {
		return valueOf(t.environ(), name) != ""
	})
}

// withLoopback adds the addresses of this machine to those that no proxy is asked
// for. A star alone means every address, and only alone.
func withLoopback(list string) string {
	if strings.TrimSpace(list) == "*" {
		return list
	}
	hosts := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return strings.Join(hosts, ",")
}

// lookup is the last value of a variable, the one that counts.
func lookup(environment []string, name string) (value string, isSet bool) {
	for _, variable := range environment {
		if v, ok := strings.CutPrefix(variable, name+"="); ok {
			value, isSet = v, true
		}
	}
	return value, isSet
}

func valueOf(environment []string, name string) string {
	value, _ := lookup(environment, name)
	return value
}

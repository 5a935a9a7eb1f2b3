package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

const (
	// maxTaskDefinition is how much a task definition can hold.
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
	maxTaskDefinition = 64 << 10
	// ownDefinition is more than what the stack writes into it itself: about 3 KiB.
	ownDefinition = 6 << 10
)

// variables reports environment variables that would be set twice, or that are
// too much together.
func (r *reader) variables(c *Config) {
	owner := map[string]string{}
	for _, name := range StackVariables {
		owner[name] = "the stack"
	}
	claim := func(name, key string) {
		r.refuse(owner[name] != "", fmt.Sprintf("sets %s, which is set by %s", name, owner[name]), key)
		owner[name] = key
	}
	for _, name := range slices.Sorted(maps.Keys(c.Service.Environment)) {
		claim(name, "service.environment."+name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Service.Secrets)) {
		claim(name, "service.secrets."+name)
	}
	if cs := c.Database.ConnectionString; cs != nil {
		claim(cs.Env, "database.connectionString.env")
	}
	size := definitionSize(c.Service.Environment, "value") + definitionSize(c.Service.Secrets, "valueFrom") + len(asJSON(c.Service.Command))
	r.refuse(size > maxTaskDefinition-ownDefinition,
		fmt.Sprintf("must be at most %d bytes in the task definition together with secrets and command, got %d; keep what is large in a file of the image or in S3",
			maxTaskDefinition-ownDefinition, size),
		"service.environment", "service.secrets", "service.command")
}

// definitionSize is the length of variables as a task definition has them.
func definitionSize(variables map[string]string, valueKey string) int {
	size := 0
	for name, value := range variables {
		size += len(asJSON(map[string]string{"name": name, valueKey: value})) + len(",")
	}
	return size
}

func asJSON(texts any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // the SDKs that register the definition do not either
	if err := encoder.Encode(texts); err != nil {
		panic(err) // texts can be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

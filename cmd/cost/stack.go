package main

import "cloudstruct/cmd/internal/template"

// stack is a synthesized template and the name of its environment.
type stack struct {
	environment string
	template.Template
}

func parse(environment string, data []byte) (stack, error) {
	t, err := template.Parse(data)
	return stack{environment, t}, err
}

// reference is the logical id that a value is, or nothing.
func reference(value any) string {
	object, _ := value.(map[string]any)
	id, _ := object["Ref"].(string)
	return id
}

package config

import "strings"

// Limits is what the rules of a field allow, read from its tag once for both the
// documentation and the schema for editors.
type Limits struct {
	// Required is true for a key that a file must set.
	Required bool
	// Choices are the only values, if there are any.
	Choices []string
	// Minimum and Maximum are of a number or a duration, of the characters of a
	// text, or of the entries of a table or list.
	Minimum, Maximum string
	// Pattern is the part of the rules that a regular expression can say, and Form
	// what it allows, in words.
	Pattern, Form string
	// Halves is true for a multiple of 0.5.
	Halves bool
	// Unique is true for a list that has no entry twice.
	Unique bool
	said   []string
}

// limitsOf reads a tag: the limits of the field itself, and those of the keys and
// values of its entries.
func limitsOf(tag string) (own, keys, values Limits) {
	into := &own
	for part := range strings.SplitSeq(tag, ",") {
		switch part {
		case "dive", "endkeys":
			into = &values
		case "keys":
			into = &keys
		default:
			into.add(part)
		}
	}
	if strings.HasPrefix(tag, "omitempty,") && own.Pattern != "" {
		own.Pattern = `^$|` + own.Pattern
	}
	return own, keys, values
}

func (l *Limits) add(part string) {
	name, value, _ := strings.Cut(part, "=")
	switch name {
	case "min":
		l.Minimum = value
	case "max":
		l.Maximum = value
	case "eq":
		l.said, l.Minimum = append(l.said, "0s, or"), strings.TrimPrefix(value, "0s|min=")
	case "oneof":
		l.Choices = strings.Fields(value)
		l.said = append(l.said, strings.Join(l.Choices, ", "))
	case "required":
		l.Required = true
		l.said = append(l.said, "required")
	case "unique":
		l.Unique = true
		l.said = append(l.said, "no entry twice")
	case "ascii":
		l.said = append(l.said, "in ASCII")
	case "email":
		l.said = append(l.said, "an e-mail address")
	}
	if rule, ok := rules[name]; ok {
		l.said = append(l.said, rule.allows)
		l.Halves = l.Halves || name == "halves"
		if rule.expression != "" {
			l.Pattern, l.Form = anchored(rule.expression), rule.allows
		}
	}
}

// Words puts the limits in words. It is empty where every value is allowed.
func (l Limits) Words() string {
	words := l.said
	switch {
	case l.Minimum != "" && l.Maximum != "":
		words = append(words, l.Minimum+" to "+l.Maximum)
	case l.Minimum != "":
		words = append(words, l.Minimum+" at least")
	case l.Maximum != "":
		words = append(words, l.Maximum+" at most")
	}
	return strings.ReplaceAll(strings.Join(words, "; "), "or; ", "or ")
}

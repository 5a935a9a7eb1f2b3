package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// ranges reports the values that no setting of their own may have.
func (r *reader) ranges(cfg *Config) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("yaml") })
	for tag, rule := range rules {
		err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return rule.holds(f.Field()) })
		if err != nil {
			panic(err) // a rule's name is none that the library takes
		}
	}
	var invalid validator.ValidationErrors
	errors.As(v.Struct(cfg), &invalid)
	// The library visits the entries of a table in no order.
	slices.SortStableFunc(invalid, func(a, b validator.FieldError) int {
		return cmp.Compare(r.order[r.key(a.Namespace())], r.order[r.key(b.Namespace())])
	})
	// A table's entry can have two mistakes: one in its key and one in its value.
	unread := maps.Clone(r.bad)
	for _, field := range invalid {
		key := r.key(field.Namespace())
		if !isWithin(key, unread) {
			r.fail(key, "%s", explain(field, r.written[key]))
		}
	}
}

// isWithin reports whether a key, or a block or list that it is in, is one of some.
func isWithin(key string, some map[string]bool) bool {
	for ; key != ""; key = key[:max(0, strings.LastIndexAny(key, ".["))] {
		if some[key] {
			return true
		}
	}
	return false
}

// key is the path of what the library names. It writes a table's entry as
// table[key], whatever characters the key has: only the reader of the file knows
// where that key begins and ends.
func (r *reader) key(namespace string) string {
	namespace = strings.TrimPrefix(namespace, "Config.")
	if path, isEntry := r.tableEntries[namespace]; isEntry {
		return path
	}
	return namespace
}

// explain returns what a value must be. A number that is out of range is shown as it
// is written.
func explain(f validator.FieldError, written string) string {
	tag, param := f.Tag(), f.Param()
	got := f.Value()
	if written != "" {
		got = literally(written)
	}
	if rule, ok := rules[tag]; ok {
		message := mustBe(rule.allows, got)
		if rule.hint != nil {
			if hint := rule.hint(fmt.Sprint(got)); hint != "" {
				message += ": " + hint
			}
		}
		return message
	}
	if minimum, ok := strings.CutPrefix(tag, "eq=0s|min="); ok {
		return mustBe("0s or at least "+minimum, got)
	}
	size := unit(f.Kind(), param)
	switch tag {
	case "required":
		return "is required"
	case "oneof":
		return mustBe("one of "+strings.ReplaceAll(param, " ", ", "), got)
	case "min":
		return mustBe("at least "+param+size, got)
	case "max":
		return mustBe("at most "+param+size, got)
	case "unique":
		return "must not have an entry twice, got " + twice(f.Value())
	case "ascii":
		return mustBe("in ASCII", got)
	case "email":
		return mustBe("an e-mail address", got)
	}
	panic("config: no words for the rule " + tag)
}

// unit is what a length is counted in.
func unit(kind reflect.Kind, number string) string {
	one := map[reflect.Kind][2]string{
		reflect.String: {" character", " characters"}, reflect.Map: {" entry", " entries"}, reflect.Slice: {" entry", " entries"},
	}[kind]
	if number == "1" {
		return one[0]
	}
	return one[1]
}

// twice is the first entry of a list that is there a second time.
func twice(list any) string {
	texts, _ := list.([]string)
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			return quoted(text)
		}
	}
	return ""
}

// literally is a number as it is written.
type literally string

func mustBe(allowed string, got any) string {
	switch v := reflect.ValueOf(got); {
	case v.Type() == reflect.TypeFor[literally]():
		return fmt.Sprintf("must be %s, got %s", allowed, got)
	case v.Kind() == reflect.String:
		return fmt.Sprintf("must be %s, got %s", allowed, quoted(v.String()))
	case v.Kind() == reflect.Map, v.Kind() == reflect.Slice:
		return fmt.Sprintf("must be %s, got %d", allowed, v.Len())
	case v.Type() == reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("must be %s, got %s", allowed, text(got.(time.Duration)))
	}
	return fmt.Sprintf("must be %s, got %v", allowed, got)
}

// quoted cuts a text short that would hide the message.
func quoted(text string) string {
	if len(text) > maxShown {
		return fmt.Sprintf("%.*q... (%d bytes)", maxShown, text, len(text))
	}
	return strconv.Quote(text)
}

const maxShown = 200

// text is a duration without the zeros that Go adds: 24h, not 24h0m0s.
func text(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cronField is one of the six fields of a cron expression.
type cronField struct {
	name      string
	low, high int
	// values matches a number in the range, or a name.
	values string
	// names stand for low, low+1 and so on.
	names []string
	// special matches what only this field may be.
	special string
	value   *regexp.Regexp
	alone   *regexp.Regexp
}

// cronFields are those of Application Auto Scaling, in their order. AWS documents the
// names of months and days in upper case only, so that others are refused.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
var cronFields = compileFields(
	cronField{name: "minutes", low: 0, high: 59, values: `[0-5]?[0-9]`},
	cronField{name: "hours", low: 0, high: 23, values: `[01]?[0-9]|2[0-3]`},
	cronField{name: "day of month", low: 1, high: 31, values: daysOfMonth, special: `L|LW|(?:` + daysOfMonth + `)W`},
	cronField{name: "month", low: 1, high: 12, values: `0?[1-9]|1[0-2]|` + monthNames, names: strings.Split(monthNames, "|")},
	cronField{name: "day of week", low: 1, high: 7, values: daysOfWeek, names: strings.Split(dayNames, "|"),
		special: `L|(?:` + daysOfWeek + `)(?:L|#[1-5])`},
	cronField{name: "year", low: firstYear, high: lastYear, values: `19[7-9][0-9]|20[0-9][0-9]|21[0-9][0-9]`},
)

const (
	firstYear, lastYear = 1970, 2199
	monthNames          = `JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC`
	dayNames            = `SUN|MON|TUE|WED|THU|FRI|SAT`
	daysOfMonth         = `0?[1-9]|[12][0-9]|3[01]`
	daysOfWeek          = `[1-7]|` + dayNames
)

func compileFields(fields ...cronField) []cronField {
	for i := range fields {
		f := &fields[i]
		f.value, f.alone = regexp.MustCompile(anchored(f.values)), regexp.MustCompile(anchored(f.special))
	}
	return fields
}

// isAlone is true for a question mark and for what can be in no list.
func (f cronField) isAlone(text string) bool {
	return text == "?" || f.special != "" && f.alone.MatchString(text)
}

// expression is the field without a question mark.
func (f cronField) expression() string {
	item := `(?:\*|(?:` + f.values + `)(?:-(?:` + f.values + `))?)(?:/[1-9][0-9]{0,3})?`
	list := item + `(?:,` + item + `)*`
	if f.special != "" {
		return `(?:` + list + `|` + f.special + `)`
	}
	return `(?:` + list + `)`
}

// cronExpression is what a regular expression can say of all six fields: exactly
// one of the two days is a question mark.
func cronExpression() string {
	field := func(i int) string { return cronFields[i].expression() }
	return field(0) + ` ` + field(1) + ` (?:\? ` + field(3) + ` ` + field(4) + `|` + field(2) + ` ` + field(3) + ` \?) ` + field(5)
}

// cronHint names the fields of a cron expression that are wrong.
func cronHint(expression string) string {
	fields := strings.Split(expression, " ")
	switch {
	case strings.TrimSpace(expression) != expression:
		return "there is a space before the first field or after the last one"
	case strings.Contains(expression, "  "):
		return "there are two spaces in a row; write one between the fields"
	case len(fields) != len(cronFields):
		return fmt.Sprintf("there are %d fields", len(strings.Fields(expression)))
	}
	var hints []string
	if (fields[2] == "?") == (fields[4] == "?") {
		hints = append(hints, "exactly one of day-of-month and day-of-week must be ?")
	}
	for i, f := range cronFields {
		if fields[i] == "?" && f.special != "" {
			continue
		}
		if hint := f.hint(fields[i]); hint != "" {
			hints = append(hints, hint)
		}
	}
	if len(hints) > 0 {
		return strings.Join(hints, "; ")
	}
	if moments, _ := parseCron(expression); moments.never() {
		return "that day does not exist"
	}
	return ""
}

func (f cronField) hint(text string) string {
	if f.special != "" && f.isAlone(text) {
		return ""
	}
	for item := range strings.SplitSeq(text, ",") {
		if _, err := f.expand(item); err != nil {
			return f.name + ": " + err.Error()
		}
	}
	return ""
}

// expand lists the values of one item: a number or name, a range, or *, each with
// an optional step.
func (f cronField) expand(item string) ([]int, error) {
	span, step, hasStep := strings.Cut(item, "/")
	by := 1
	if hasStep {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 || n > f.high-f.low || strings.HasPrefix(step, "0") {
			return nil, fmt.Errorf("the step must be 1 to %d, got %q", f.high-f.low, step)
		}
		by = n
	}
	first, last, isRange := strings.Cut(span, "-")
	from, to := f.low, f.high
	if span != "*" {
		var err error
		if from, err = f.number(first); err != nil {
			return nil, err
		}
		switch {
		case isRange:
			if to, err = f.number(last); err != nil {
				return nil, err
			}
			if to < from {
				return nil, fmt.Errorf("the range %s is reversed", span)
			}
		case !hasStep:
			to = from
		}
	}
	var list []int
	for v := from; v <= to; v += by {
		list = append(list, v)
	}
	return list, nil
}

func (f cronField) number(text string) (int, error) {
	if f.value.MatchString(text) {
		if i := slices.Index(f.names, text); i >= 0 {
			return f.low + i, nil
		}
		return strconv.Atoi(text)
	}
	allowed := fmt.Sprintf("%d to %d", f.low, f.high)
	if len(f.names) > 0 {
		allowed += fmt.Sprintf(", or %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return 0, fmt.Errorf("must be %s, got %q", allowed, text)
}

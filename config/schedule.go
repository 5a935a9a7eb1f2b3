package config

import (
	"fmt"
	"slices"
	"strings"
)

// schedule reports bounds that contradict each other, and entries that are due in
// the same minute: which of them then holds is not defined.
func (r *reader) schedule(s Scaling) {
	r.atLeast(s.Max, s.Min, "scaling")
	due := make([]*moments, len(s.Schedule))
	offsetsOf := onceByZone(offsets)
	for i, at := range s.Schedule {
		block := fmt.Sprintf("scaling.schedule[%d]", i)
		if at.Min != nil && at.Max != nil {
			r.atLeast(*at.Max, *at.Min, block)
		}
		if r.bad[block+".cron"] || r.bad[block+".timeZone"] || at.Cron == "" {
			continue
		}
		due[i], _ = parseCron(at.Cron) // it keeps the rule
		for j, other := range s.Schedule[:i] {
			if due[j] == nil {
				continue
			}
			r.refuse(at.TimeZone == other.TimeZone && due[i].meet(due[j]) ||
				at.TimeZone != other.TimeZone && due[i].meetAcross(due[j], offsetsOf(at.TimeZone), offsetsOf(other.TimeZone)),
				fmt.Sprintf("must not be due in the same minute as schedule[%d] (%s in %s), got %q in %s", j, other.Cron, other.TimeZone, at.Cron, at.TimeZone),
				block+".cron")
		}
	}
}

func (r *reader) atLeast(maximum, minimum int, block string) {
	r.refuse(maximum < minimum, fmt.Sprintf("must be at least min (%d), got %d", minimum, maximum), block+".max", block+".min")
}

// moments are the minutes at which a cron expression is due.
type moments struct {
	minutes, hours uint64
	// days has a bit for each day from 1970 to 2199.
	days [(lastYear-firstYear+1)*366/64 + 1]uint64
}

func (m *moments) never() bool {
	return !slices.ContainsFunc(m.days[:], func(days uint64) bool { return days != 0 })
}

// meet reports whether both are due in some minute.
func (m *moments) meet(other *moments) bool {
	if m.minutes&other.minutes == 0 || m.hours&other.hours == 0 {
		return false
	}
	for i, days := range m.days {
		if days&other.days[i] != 0 {
			return true
		}
	}
	return false
}

// parseCron reads an expression that keeps the rule of its fields.
func parseCron(expression string) (*moments, error) {
	fields := strings.Split(expression, " ")
	var values [6][]int
	for i, f := range cronFields {
		if f.isAlone(fields[i]) {
			continue
		}
		for item := range strings.SplitSeq(fields[i], ",") {
			list, err := f.expand(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			values[i] = append(values[i], list...)
		}
	}
	m := &moments{minutes: set(values[0]), hours: set(values[1])}
	dates, months, weekdays := set(values[2]), set(values[3]), set(values[4])
	var years [lastYear + 1]bool
	for _, year := range values[5] {
		years[year] = true
	}
	isSpecial := len(values[2])+len(values[4]) == 0
	for i, day := range calendar() {
		if months>>day.month&1 == 0 || !years[day.year] {
			continue
		}
		if dates>>day.date&1 == 1 || weekdays>>day.weekday&1 == 1 ||
			isSpecial && (isSpecialDate(fields[2], day) || isSpecialWeekday(fields[4], day)) {
			m.days[i/64] |= 1 << (i % 64)
		}
	}
	return m, nil
}

func set(values []int) (s uint64) {
	for _, v := range values {
		s |= 1 << v
	}
	return s
}

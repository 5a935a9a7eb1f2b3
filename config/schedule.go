package config

import "fmt"

// schedule reports bounds that contradict each other, and entries that are due in
// the same minute: which of them then holds is not defined.
func (r *reader) schedule(s Scaling) {
	r.atLeast(s.Max, s.Min, "scaling")
	due := make([]*moments, len(s.Schedule))
	for i, at := range s.Schedule {
		block := fmt.Sprintf("scaling.schedule[%d]", i)
		if at.Min != nil && at.Max != nil {
			r.atLeast(*at.Max, *at.Min, block)
		}
		if r.bad[block+".cron"] || r.bad[block+".timeZone"] || at.Cron == "" {
			continue
		}
		due[i], _ = parseCron(at.Cron) // it keeps the rule
		for j := range i {
			r.refuse(due[j] != nil && s.Schedule[j].TimeZone == at.TimeZone && due[i].meet(due[j]),
				fmt.Sprintf("must not be due in the same minute as schedule[%d] (%s), got %q", j, s.Schedule[j].Cron, at.Cron), block+".cron")
		}
	}
}

func (r *reader) atLeast(maximum, minimum int, block string) {
	r.refuse(maximum < minimum, fmt.Sprintf("must be at least min (%d), got %d", minimum, maximum), block+".max", block+".min")
}

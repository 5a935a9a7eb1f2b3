package config

import (
	_ "embed"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines that have no zones of their own
)

// zoneNames are those of Go's own time zone data. A machine's data has more names,
// such as posix/UTC and localtime, which Application Auto Scaling does not take.
//
//go:embed zones.txt
var zoneNames string

var zones = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(zoneNames) {
		names[name] = true
	}
	return names
})

// offsets are the minutes by which a zone is ahead of UTC at the start of each day
// of the calendar.
func offsets(zone string) []int {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil
	}
	list := make([]int, len(calendar()))
	for i, day := range calendar() {
		_, seconds := time.Date(day.year, time.Month(day.month), day.date, 0, 0, 0, 0, time.UTC).In(location).Zone()
		list[i] = seconds / 60
	}
	return list
}

// onceByZone keeps the results of a function of a zone.
func onceByZone(f func(zone string) []int) func(zone string) []int {
	known := map[string][]int{}
	return func(zone string) []int {
		if _, is := known[zone]; !is {
			known[zone] = f(zone)
		}
		return known[zone]
	}
}

// meetAcross reports whether two expressions in different zones are due in the same
// minute. It leaves out the days around a change of the clocks in either zone, on
// which the day's minutes are not those that its number says.
func (m *moments) meetAcross(other *moments, ahead, otherAhead []int) bool {
	if ahead == nil || otherAhead == nil {
		return false
	}
	shifted := map[int][]int{} // the days between the two dates, by the difference of the zones
	for i := 2; i+2 < len(ahead); i++ {
		if !m.isDueOn(i) || isChange(ahead[i-2:i+3]) || isChange(otherAhead[i-2:i+3]) {
			continue
		}
		difference := otherAhead[i] - ahead[i]
		days, known := shifted[difference]
		if !known {
			days = m.daysBetween(other, difference)
			shifted[difference] = days
		}
		for _, between := range days {
			if other.isDueOn(i + between) {
				return true
			}
		}
	}
	return false
}

func (m *moments) isDueOn(day int) bool { return m.days[day/64]>>(day%64)&1 == 1 }

// daysBetween lists how many days the date of the other zone can differ by at a
// moment at which both are due.
func (m *moments) daysBetween(other *moments, difference int) (days []int) {
	const day = 24 * 60
	found := [3]bool{}
	for minute := range day {
		there := minute + difference
		if !m.isDueAt(minute) || !other.isDueAt((there+2*day)%day) {
			continue
		}
		found[(there+2*day)/day-1] = true
	}
	for i, isFound := range found {
		if isFound {
			days = append(days, i-1)
		}
	}
	return days
}

func (m *moments) isDueAt(minute int) bool {
	return m.hours>>(minute/60)&1 == 1 && m.minutes>>(minute%60)&1 == 1
}

func isChange(offsets []int) bool {
	for _, offset := range offsets {
		if offset != offsets[0] {
			return true
		}
	}
	return false
}

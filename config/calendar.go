package config

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// calendarDay is a day as cron expressions see it: Sunday is weekday 1.
type calendarDay struct {
	year, month, date, weekday int
	// length is the number of days of its month.
	length int
}

// calendar has each day of the years that a cron expression can name.
var calendar = sync.OnceValue(func() []calendarDay {
	var days []calendarDay
	for day := time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() <= lastYear; day = day.AddDate(0, 0, 1) {
		length := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		days = append(days, calendarDay{day.Year(), int(day.Month()), day.Day(), int(day.Weekday()) + 1, length})
	}
	return days
})

// isSpecialDate tells whether a day is the one that L, LW or 15W mean in its month.
func isSpecialDate(field string, day calendarDay) bool {
	switch {
	case field == "L":
		return day.date == day.length
	case field == "LW":
		return day.date == day.workingDay(day.length)
	case strings.HasSuffix(field, "W"):
		date, _ := strconv.Atoi(strings.TrimSuffix(field, "W"))
		return date <= day.length && day.date == day.workingDay(date)
	}
	return false
}

// workingDay is the date from Monday to Friday that is nearest to a date of the
// same month.
func (d calendarDay) workingDay(date int) int {
	const sunday, saturday = 1, 7
	switch (d.weekday-1+date-d.date+5*7)%7 + 1 {
	case saturday:
		if date == 1 {
			return date + 2
		}
		return date - 1
	case sunday:
		if date == d.length {
			return date - 2
		}
		return date + 1
	}
	return date
}

// isSpecialWeekday tells whether a day is the one that L, FRIL or FRI#2 mean.
func isSpecialWeekday(field string, day calendarDay) bool {
	if field == "L" { // the last day of the week
		return day.weekday == 7
	}
	if name, isLast := strings.CutSuffix(field, "L"); isLast {
		return day.weekday == weekdayNumber(name) && day.date+7 > day.length
	}
	name, nth, isNth := strings.Cut(field, "#")
	return isNth && day.weekday == weekdayNumber(name) && nth == strconv.Itoa((day.date-1)/7+1)
}

func weekdayNumber(name string) int {
	if i := slices.Index(strings.Split(dayNames, "|"), name); i >= 0 {
		return i + 1
	}
	n, _ := strconv.Atoi(name)
	return n
}

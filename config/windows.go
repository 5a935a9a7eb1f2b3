package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// minWindow is the shortest window that RDS takes.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
const minWindow = 30 * time.Minute

// Without a maintenance window AWS chooses half an hour of a block of eight hours,
// which depends on the region.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Maintenance.html#AdjustingTheMaintenanceWindow.Aurora
const maintenanceBlock = 8 * time.Hour

const (
	weekday = `(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)`
	week    = 7 * 24 * time.Hour
)

// window is a part of a day or of a week. It has no length when it is none.
type window struct{ start, length time.Duration }

// daily reads hh:mm-hh:mm. Equal times are a whole day.
func daily(text string) window {
	from, to, _ := strings.Cut(text, "-")
	return between(timeOfDay(from), timeOfDay(to), 24*time.Hour)
}

// weekly reads ddd:hh:mm-ddd:hh:mm.
func weekly(text string) window {
	from, to, _ := strings.Cut(text, "-")
	return between(timeOfWeek(from), timeOfWeek(to), week)
}

func between(start, end, period time.Duration) window {
	if start < 0 || end < 0 {
		return window{}
	}
	if end <= start {
		end += period
	}
	return window{start, end - start}
}

// timeOfDay is negative for what is none.
func timeOfDay(text string) time.Duration {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return -1
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// timeOfWeek is negative for what is none.
func timeOfWeek(text string) time.Duration {
	name, clockTime, _ := strings.Cut(text, ":")
	day := slices.Index([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, strings.ToLower(name))
	sinceMidnight := timeOfDay(clockTime)
	if day < 0 || sinceMidnight < 0 {
		return -1
	}
	return time.Duration(day)*24*time.Hour + sinceMidnight
}

// overlaps tells whether a daily window meets a weekly one.
func (w window) overlaps(weekly window) bool {
	for day := range 15 { // a week, and the windows that last over its end
		start := w.start + time.Duration(day-1)*24*time.Hour
		if start < weekly.start+weekly.length && weekly.start < start+w.length {
			return true
		}
	}
	return false
}

// windows reports a backup window that the maintenance window meets, or may meet:
// RDS refuses either when the other one is there.
func (r *reader) windows(db Database) {
	backup, maintenance := daily(db.BackupWindow), weekly(db.MaintenanceWindow)
	longest := maintenanceBlock - minWindow
	r.refuse(db.MaintenanceWindow == "" && backup.length > longest,
		fmt.Sprintf("must be at most %s long without maintenanceWindow, since AWS then chooses half an hour of a block of %s, got %q",
			text(longest), text(maintenanceBlock), db.BackupWindow),
		"database.backupWindow")
	r.refuse(maintenance.length > 0 && backup.length > 0 && backup.overlaps(maintenance),
		fmt.Sprintf("must not overlap backupWindow (%s), got %q", db.BackupWindow, db.MaintenanceWindow),
		"database.maintenanceWindow", "database.backupWindow")
}
